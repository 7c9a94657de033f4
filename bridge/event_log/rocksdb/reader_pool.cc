#include "bridge/event_log/rocksdb/reader_pool.h"

#include <chrono>
#include <utility>

namespace sluice::rocksdb_log {

ReaderPool::ReaderPool(size_t threads, size_t waiting_max) : waiting_max_(waiting_max) {
  state_->working = threads;
  for (size_t i = 0; i < threads; ++i) {
    threads_.emplace_back([state = state_] { state->Work(); });
  }
}

bool ReaderPool::Do(Job job, EventLog::ReadDone& done) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->stopping || state_->waiting.size() >= waiting_max_) return false;
    state_->waiting.emplace_back(std::move(job), std::move(done));
  }
  state_->changed.notify_one();
  return true;
}

size_t ReaderPool::Stop(absl::Duration timeout) {
  // It has ended, and what did not end with it is not waited for again.
  if (threads_.empty()) return 0;
  std::vector<EventLog::ReadDone> left;
  bool ended = false;
  {
    std::unique_lock lock(state_->mutex);
    state_->stopping = true;
    state_->changed.notify_all();
    const auto all_ended = [this] { return state_->working == 0; };
    if (timeout == absl::InfiniteDuration()) {
      state_->changed.wait(lock, all_ended);
    } else {
      state_->changed.wait_for(lock, absl::ToChronoNanoseconds(timeout), all_ended);
    }
    ended = all_ended();
    for (auto& [job, done] : state_->waiting) left.push_back(std::move(done));
    for (auto& [number, done] : state_->under_way) left.push_back(std::move(done));
    state_->waiting.clear();
    state_->under_way.clear();
    state_->changed.wait(lock, [this] { return state_->answering == 0; });
  }
  for (const EventLog::ReadDone& done : left) {
    done(absl::UnavailableError("the event log is closing, and its disk does not answer"));
  }
  for (std::thread& thread : threads_) ended ? thread.join() : thread.detach();
  threads_.clear();
  return left.size();
}

void ReaderPool::State::Work() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return stopping || !waiting.empty(); });
    if (waiting.empty()) break;
    Job job = std::move(waiting.front().first);
    const uint64_t number = next++;
    under_way[number] = std::move(waiting.front().second);
    waiting.pop_front();
    lock.unlock();
    Answer answer = job();
    job = nullptr;
    lock.lock();
    auto mine = under_way.extract(number);
    if (mine.empty()) continue;  // was answered in its place
    ++answering;
    lock.unlock();
    mine.mapped()(std::move(answer));
    lock.lock();
    --answering;
    changed.notify_all();
  }
  --working;
  changed.notify_all();
}

}  // namespace sluice::rocksdb_log
