#include "bridge/nats/loop.h"

#include <utility>

namespace sluice {

void Loop::Start(Task tick, Task after_batch) {
  tick_ = std::move(tick);
  after_batch_ = std::move(after_batch);
  thread_ = std::thread([this] { Run(); });
}

bool Loop::Post(Task task) {
  std::unique_lock lock(mutex_);
  return Push(std::move(task), lock);
}

bool Loop::PostWhenThereIsRoom(Task task, size_t bytes, const std::atomic<bool>* closing) {
  const auto closes = [closing] { return closing != nullptr && *closing; };
  std::unique_lock lock(mutex_);
  taken_.wait(lock, [&] {
    return stopping_ || closes() ||
           (tasks_.size() < kWaitingMax && waiting_bytes_ < kWaitingBytesMax);
  });
  if (closes()) return false;
  waiting_bytes_ += bytes;
  return Push(std::move(task), lock);
}

void Loop::WakeWaiting() {
  // (Whoever has looked and does not wait yet holds the lock.)
  { const std::lock_guard lock(mutex_); }
  taken_.notify_all();
}

bool Loop::Push(Task task, std::unique_lock<std::mutex>& lock) {
  if (stopping_) return false;
  tasks_.push_back(std::move(task));
  const bool asleep = tasks_.size() == 1;
  lock.unlock();
  if (asleep) posted_.notify_one();
  return true;
}

void Loop::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  taken_.notify_all();
  posted_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Loop::Run() {
  std::vector<Task> batch;
  auto next_tick = std::chrono::steady_clock::now() + kTick;
  while (true) {
    {
      std::unique_lock lock(mutex_);
      posted_.wait_until(lock, next_tick, [this] { return stopping_ || !tasks_.empty(); });
      batch.swap(tasks_);
      waiting_bytes_ = 0;
      if (batch.empty() && stopping_) return;
    }
    taken_.notify_all();
    for (Task& task : batch) task();
    batch.clear();
    after_batch_();
    if (const auto now = std::chrono::steady_clock::now(); now >= next_tick) {
      tick_();
      next_tick = now + kTick;
    }
  }
}

}  // namespace sluice
