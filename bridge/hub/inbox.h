// What the log's tail has for a shard: the one place where other threads meet
// it. Bounded; when it overflows, what does not fit is let go and the shard is
// told to catch up from the log.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "bridge/base/mutex.h"
#include "bridge/event/event.h"

namespace sluice {

class Inbox {
 public:
  explicit Inbox(uint32_t events_max) : events_max_(events_max) {}

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

  // Any thread: as when it overflows. True: as for Push.
  bool Lose() {
    MutexLock lock(&mutex_);
    overflowed_ = true;
    return !std::exchange(awake_, true);
  }

  // The shard's thread: takes everything. `events` is empty when it comes, and
  // its memory is used for what arrives next. True: something was let go after
  // what is taken.
  bool Drain(std::vector<StoredEventPtr>& events) {
    MutexLock lock(&mutex_);
    events.swap(events_);
    awake_ = false;
    return std::exchange(overflowed_, false);
  }

 private:
  const uint32_t events_max_;
  Mutex mutex_;
  std::vector<StoredEventPtr> events_ ABSL_GUARDED_BY(mutex_);
  bool awake_ ABSL_GUARDED_BY(mutex_) = false;
  bool overflowed_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace sluice
