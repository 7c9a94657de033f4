// Threads that wait for the disk so that no shard has to.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "bridge/event_log/event_log.h"

namespace sluice::rocksdb_log {

// Thread-safe. Every read is answered once.
class ReaderPool {
 public:
  using Answer = absl::StatusOr<ReadResult>;
  using Job = std::function<Answer()>;

  ReaderPool(size_t threads, size_t waiting_max);
  ~ReaderPool() { Stop(absl::InfiniteDuration()); }

  // False: too many wait already, or it has ended; then `done` is still the caller's.
  bool Do(Job job, EventLog::ReadDone& done);

  // Does what waits, then ends. What takes longer than that is answered in its place, and left
  // to itself. How many there were.
  size_t Stop(absl::Duration timeout);

 private:
  // Shared with the threads, some of which may be left behind.
  struct State {
    void Work();

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::pair<Job, EventLog::ReadDone>> waiting;
    std::map<uint64_t, EventLog::ReadDone> under_way;
    uint64_t next = 0;
    size_t answering = 0;
    size_t working = 0;
    bool stopping = false;
  };

  const size_t waiting_max_;
  const std::shared_ptr<State> state_ = std::make_shared<State>();
  std::vector<std::thread> threads_;
};

}  // namespace sluice::rocksdb_log
