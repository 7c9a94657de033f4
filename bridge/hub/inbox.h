// What the log's tail has for a shard: the one place where other threads meet
// it. Bounded; when it overflows, what does not fit is let go and the shard is
// told to catch up from the log.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "bridge/base/mutex.h"
#include "bridge/event/event.h"
#include "bridge/event_log/event_log.h"

namespace sluice {

class Inbox {
 public:
  explicit Inbox(uint32_t events_max) : events_max_(events_max) {}

  // Of which partitions something may be missing.
  struct Losses {
    uint64_t told = 0;        // by the log, a bit for each
    bool overflowed = false;  // of all

    bool any() const { return overflowed || told != 0; }
    bool Told(Partition partition) const { return ((told >> partition) & 1) != 0; }
  };

  // Any thread. True: the shard is asleep and must be woken, once.
  bool Push(std::span<const StoredEventPtr> events) {
    MutexLock lock(&mutex_);
    if (overflowed_ || events_.size() + events.size() > events_max_) {
      overflowed_ = true;
    } else {
      events_.insert(events_.end(), events.begin(), events.end());
    }
    return !std::exchange(awake_, true);
  }

  // Any thread: what is here of the partition may have a hole. True: as for Push.
  bool Lose(Partition partition) {
    MutexLock lock(&mutex_);
    lost_ |= uint64_t{1} << partition;
    return !std::exchange(awake_, true);
  }

  // The shard's thread: takes everything. `events` is empty when it comes, and
  // its memory is used for what arrives next.
  Losses Drain(std::vector<StoredEventPtr>& events) {
    MutexLock lock(&mutex_);
    events.swap(events_);
    awake_ = false;
    return {std::exchange(lost_, 0), std::exchange(overflowed_, false)};
  }

 private:
  const uint32_t events_max_;
  Mutex mutex_;
  std::vector<StoredEventPtr> events_ ABSL_GUARDED_BY(mutex_);
  bool awake_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t lost_ ABSL_GUARDED_BY(mutex_) = 0;
  bool overflowed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice
