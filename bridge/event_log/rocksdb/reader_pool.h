// Threads that wait for the disk so that no shard has to.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace sluice::rocksdb_log {

// Thread-safe.
class ReaderPool {
 public:
  using Job = std::function<void()>;

  ReaderPool(size_t threads, size_t waiting_max);
  ~ReaderPool() { Stop(); }

  // False: too many wait already, or it has ended.
  bool Do(Job job);

  // Does what waits, then ends.
  void Stop();

 private:
  void Work();

  const size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> waiting_;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace sluice::rocksdb_log
