// The one thread on which a user of NATS lives: whatever comes from NATS, from callers and
// from the clock is run there, one after the other. What it owns needs no lock.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sluice {

class Loop {
 public:
  using Task = std::function<void()>;
  // Deadlines are looked at this often.
  static constexpr std::chrono::milliseconds kTick{25};

  Loop() = default;
  ~Loop() { Stop(); }

  // `tick` is called on the thread every kTick; `after_batch` whenever the tasks that
  // were waiting have been run.
  void Start(Task tick, Task after_batch);
  // Any thread. False: it has stopped, and will not run it.
  bool Post(Task task);
  // The same, but waits while too much waits already, of tasks or of the bytes they say they
  // hold; and no longer than until `closing`, after which it is not run. Not on the thread itself.
  bool PostWhenThereIsRoom(Task task, size_t bytes = 0, const std::atomic<bool>* closing = nullptr);
  // Any thread: `closing` was set.
  void WakeWaiting();
  // What was posted before is run first. Not on the thread itself.
  void Stop();

 private:
  static constexpr size_t kWaitingMax = 16 * 1024;
  static constexpr size_t kWaitingBytesMax = 64 << 20;

  bool Push(Task task, std::unique_lock<std::mutex>& lock);
  void Run();

  Task tick_;
  Task after_batch_;
  std::mutex mutex_;
  std::condition_variable posted_;
  std::condition_variable taken_;
  std::vector<Task> tasks_;
  size_t waiting_bytes_ = 0;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace sluice
