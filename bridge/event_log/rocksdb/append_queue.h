// What waits to be written: many put in, one thread takes out, several at a time.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "absl/status/status.h"
#include "bridge/event_log/event_log.h"

namespace sluice::rocksdb_log {

struct QueuedAppend {
  AppendRequest request;
  EventLog::AppendDone done;
  size_t bytes = 0;
};

// Thread-safe.
class AppendQueue {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  explicit AppendQueue(uint64_t bytes_max) : bytes_max_(bytes_max) {}

  // UNAVAILABLE: full; then `done` is still the caller's.
  absl::Status Put(AppendRequest request, EventLog::AppendDone& done);

  // As many as one write takes. None: the deadline has come, or the queue is closed and empty.
  std::vector<QueuedAppend> Take(Deadline deadline);
  bool ended();

  // Nothing more is put in.
  void Close();

 private:
  const uint64_t bytes_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<QueuedAppend> waiting_;
  uint64_t bytes_ = 0;
  bool closed_ = false;
};

}  // namespace sluice::rocksdb_log
