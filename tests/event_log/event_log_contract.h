// What every event log must do. An implementation instantiates the suite with
// a way to make one, in its own test.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "bridge/event_log/event_log.h"
#include "tests/fakes/events.h"
#include "tests/fakes/fake_clock.h"

namespace sluice {

// Notes what each shard is told.
class TailNotes final : public Tail {
 public:
  void Deliver(ShardIndex shard, std::span<const StoredEventPtr> events) override {
    const std::lock_guard lock(mutex_);
    for (const StoredEventPtr& event : events) told_[shard].push_back(event);
    changed_.notify_all();
  }
  void Lost(ShardIndex /*shard*/, Partition /*partition*/) override {
    const std::lock_guard lock(mutex_);
    ++losses_;
    changed_.notify_all();
  }
  // Waits until it was told so often that something may be lost.
  bool AwaitLosses(size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kAnswerWithin, [&] { return losses_ >= count; });
  }
  size_t losses() {
    const std::lock_guard lock(mutex_);
    return losses_;
  }
  // Waits for as many as `count`; what it was told by then.
  std::vector<StoredEventPtr> Await(ShardIndex shard, size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, kAnswerWithin, [&] { return told_[shard].size() >= count; });
    return told_[shard];
  }
  std::vector<StoredEventPtr> told(ShardIndex shard) {
    const std::lock_guard lock(mutex_);
    return told_[shard];
  }
  std::vector<Offset> offsets(ShardIndex shard) {
    std::vector<Offset> offsets;
    for (const StoredEventPtr& event : told(shard)) offsets.push_back(event->offset());
    return offsets;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<ShardIndex, std::vector<StoredEventPtr>> told_;
  size_t losses_ = 0;
};

struct EventLogKind {
  std::string name;
  std::function<std::unique_ptr<EventLog>(const Clock&)> make;
  // Whether the clock it is given is the only one that it knows.
  bool follows_the_clock = true;
};

class EventLogContract : public testing::TestWithParam<EventLogKind> {
 protected:
  // The topics here lie in one partition, where "a/1" does: `other_` too. Its head is known, as
  // somebody follows a topic in it.
  EventLogContract() {
    log_->Start(&tail_);
    while (log_->PartitionOf(other_) != partition_) ++other_[0];
    const auto late = std::chrono::steady_clock::now() + kAnswerWithin;
    while (!log_->Follow("a/followed", kShardsMax - 1) && std::chrono::steady_clock::now() < late) {
      std::this_thread::yield();
    }
  }

  Offset head() const { return log_->head(partition_); }
  Epoch epoch() const { return log_->epoch(partition_); }
  // Waits until the tail has been told of everything up to there.
  void AwaitHead(Offset offset) {
    const auto late = std::chrono::steady_clock::now() + kAnswerWithin;
    while (head() < offset && std::chrono::steady_clock::now() < late) {
      std::this_thread::yield();
    }
  }
  Offset AppendAndAwait(Event event) {
    const Offset offset = AppendOne(*log_, std::move(event));
    AwaitHead(offset);
    return offset;
  }

  FakeClock clock_;
  TailNotes tail_;
  std::unique_ptr<EventLog> log_ = GetParam().make(clock_);
  const Partition partition_ = log_->PartitionOf("a/1");
  std::string other_ = "b/1";
};

}  // namespace sluice
