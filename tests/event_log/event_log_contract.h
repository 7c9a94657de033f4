// What every event log must do. An implementation instantiates the suite with
// a way to make one.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "bridge/base/mutex.h"
#include "bridge/event_log/event_log.h"
#include "tests/fakes/fake_clock.h"

namespace sluice {

// Notes what each shard is told.
class TailNotes final : public Tail {
 public:
  void Deliver(ShardIndex shard, std::span<const StoredEventPtr> events) override {
    MutexLock lock(&mutex_);
    for (const StoredEventPtr& event : events) told_[shard].push_back(event);
  }
  std::vector<StoredEventPtr> told(ShardIndex shard) {
    MutexLock lock(&mutex_);
    return told_[shard];
  }
  std::vector<Offset> offsets(ShardIndex shard) {
    std::vector<Offset> offsets;
    for (const StoredEventPtr& event : told(shard)) offsets.push_back(event->offset());
    return offsets;
  }

 private:
  Mutex mutex_;
  std::map<ShardIndex, std::vector<StoredEventPtr>> told_ ABSL_GUARDED_BY(mutex_);
};

struct EventLogKind {
  std::string name;
  std::function<std::unique_ptr<EventLog>(const Clock&)> make;
};

class EventLogContract : public testing::TestWithParam<EventLogKind> {
 protected:
  EventLogContract() { log_->Start(&tail_); }

  FakeClock clock_;
  TailNotes tail_;
  std::unique_ptr<EventLog> log_ = GetParam().make(clock_);
};

}  // namespace sluice
