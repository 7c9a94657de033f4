// A log of several partitions, as a bridge sees it that shares it with others: a partition's head
// may not be known yet, or lag behind what others have stored and reads find, and a partition can
// be made anew. A topic's partition is the number that it begins with ("1/a"; else 0).
//
// For tests that run everything on one thread.
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "bridge/event_log/memory/memory_event_log.h"
#include "tests/fakes/events.h"

namespace sluice {

class PartitionedLog final : public EventLog {
 public:
  PartitionedLog(Partition partitions, const Clock& clock) : clock_(clock) {
    for (Partition partition = 0; partition < partitions; ++partition) {
      parts_.push_back(std::make_unique<Part>(*this));
      Make(partition);
    }
  }

  // From now on its head is not known, until Learn.
  void Forget(Partition partition) {
    parts_[partition]->knows = parts_[partition]->knows_epoch = false;
  }
  // The same, though its incarnation is known.
  void ForgetPlace(Partition partition) {
    Forget(partition);
    parts_[partition]->knows_epoch = true;
  }
  void Learn(Partition partition) {
    parts_[partition]->knows = true;
    TellLost(partition);
  }
  // From now on nothing of it is delivered, nor is it seen that it was made anew, until it
  // catches up.
  void Lag(Partition partition) { parts_[partition]->lags_at = end(partition); }
  void CatchUp(Partition partition) {
    Part& part = *parts_[partition];
    const EventId from = *std::exchange(part.lags_at, std::nullopt);
    if (from.epoch != part.log->epoch(0)) return TellLost(partition);
    std::map<ShardIndex, std::map<Offset, StoredEventPtr>> missed;
    for (const auto& [topic, shards] : part.followers) {
      const ReadStart start = AfterOffset{from.offset};
      const auto read =
          sluice::Read(*part.log, {.topic = topic, .start = start, .events_max = 999});
      for (const StoredEventPtr& event : read->events) {
        for (const ShardIndex shard : shards) missed[shard][event->offset()] = event;
      }
    }
    for (const auto& [shard, events] : missed) {
      std::vector<StoredEventPtr> in_order;
      for (const auto& [offset, event] : events) in_order.push_back(event);
      tail_->Deliver(shard, in_order);
    }
  }
  // Deleted and made again: another epoch, and offsets from the beginning. `tell`: at once.
  void MakeAnew(Partition partition, bool tell = true) {
    Make(partition);
    if (tell) TellLost(partition);
  }
  void TellLost(Partition partition) {
    for (ShardIndex shard = 0; shard < kShardsMax; ++shard) {
      const auto& followers = parts_[partition]->followers;
      const bool follows = std::any_of(followers.begin(), followers.end(), [&](const auto& topic) {
        return std::count(topic.second.begin(), topic.second.end(), shard) > 0;
      });
      if (follows) tail_->Lost(shard, partition);
    }
  }
  void FailReads(absl::Status status) { failure_ = std::move(status); }
  void SetHealth(Partition partition, absl::Status status) {
    parts_[partition]->health = std::move(status);
  }
  size_t reads() const { return reads_; }
  // What whoever stores it knows.
  EventId end(Partition partition) const {
    return {parts_[partition]->log->epoch(0), parts_[partition]->log->head(0), false};
  }

  void Start(Tail* tail) override { tail_ = tail; }
  void Append(AppendRequest request, AppendDone done) override {
    EventLog& log = *parts_[PartitionOf(request.events.front().topic)]->log;
    log.Append(std::move(request), std::move(done));
  }
  Partition PartitionOf(std::string_view topic) const override {
    const Partition partition = static_cast<Partition>(topic.front() - '0');
    return partition < parts_.size() ? partition : 0;
  }
  Partition partitions() const override { return static_cast<Partition>(parts_.size()); }
  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard) override {
    Part& part = *parts_[PartitionOf(topic)];
    part.followers[std::string(topic)].push_back(shard);
    part.log->Follow(topic, shard);
    if (!part.knows) return std::nullopt;
    return part.seen().offset;
  }
  void Unfollow(std::string_view topic, ShardIndex shard) override {
    Part& part = *parts_[PartitionOf(topic)];
    std::erase(part.followers[std::string(topic)], shard);
    part.log->Unfollow(topic, shard);
  }
  void Read(ReadRequest request, ReadDone done) override {
    ++reads_;
    if (!failure_.ok()) return done(failure_);
    EventLog& log = *parts_[PartitionOf(request.topic)]->log;
    log.Read(std::move(request), std::move(done));
  }
  Epoch epoch(Partition partition) const override {
    const Part& part = *parts_[partition];
    return part.knows || part.knows_epoch ? part.seen().epoch : 0;
  }
  Offset head(Partition partition) const override {
    return parts_[partition]->knows ? parts_[partition]->seen().offset : 0;
  }
  absl::Duration deduplication_window() const override { return absl::ZeroDuration(); }
  absl::Status Health(Partition partition) const override { return parts_[partition]->health; }

 private:
  struct Part final : Tail {
    explicit Part(PartitionedLog& log_in) : whole(log_in) {}
    EventId seen() const {
      return lags_at ? *lags_at : EventId{log->epoch(0), log->head(0), false};
    }
    void Deliver(ShardIndex shard, std::span<const StoredEventPtr> events) override {
      if (knows && !lags_at) whole.tail_->Deliver(shard, events);
    }

    PartitionedLog& whole;
    std::unique_ptr<EventLog> log;
    std::map<std::string, std::vector<ShardIndex>> followers;
    bool knows = true;
    bool knows_epoch = true;
    std::optional<EventId> lags_at;
    absl::Status health;
  };

  void Make(Partition partition) {
    Part& part = *parts_[partition];
    part.log = MakeMemoryEventLog({.epoch = 0x10 * (partition + 1) + ++made_}, clock_);
    part.log->Start(&part);
    for (const auto& [topic, shards] : part.followers) {
      for (const ShardIndex shard : shards) part.log->Follow(topic, shard);
    }
  }

  const Clock& clock_;
  Tail* tail_ = nullptr;
  std::vector<std::unique_ptr<Part>> parts_;
  uint64_t made_ = 0;
  size_t reads_ = 0;
  absl::Status failure_;
};

}  // namespace sluice
