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

  // A bit for each partition.
  using Losses = uint64_t;

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
    lost_ |= Losses{1} << partition;
    return !std::exchange(awake_, true);
  }

  // The shard's thread: takes everything. `events` is empty when it comes, and
  // its memory is used for what arrives next. Answers of which partitions
  // something may be missing; after an overflow, of all.
  Losses Drain(std::vector<StoredEventPtr>& events) {
    MutexLock lock(&mutex_);
    events.swap(events_);
    awake_ = false;
    const Losses lost = std::exchange(lost_, 0);
    return std::exchange(overflowed_, false) ? ~Losses{0} : lost;
  }

 private:
  const uint32_t events_max_;
  Mutex mutex_;
  std::vector<StoredEventPtr> events_ ABSL_GUARDED_BY(mutex_);
  bool awake_ ABSL_GUARDED_BY(mutex_) = false;
  Losses lost_ ABSL_GUARDED_BY(mutex_) = 0;
  bool overflowed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice
