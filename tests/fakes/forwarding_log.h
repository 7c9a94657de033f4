// An event log that passes everything on to another one: what a test's log does otherwise,
// it overrides.
#pragma once

#include <utility>

#include "bridge/event_log/event_log.h"

namespace sluice {

class ForwardingLog : public EventLog {
 public:
  // `log` outlives this.
  explicit ForwardingLog(EventLog& log) : log_(log) {}

  void Start(Tail* tail) override { log_.Start(tail); }
  bool MayStoreUnanswered() const override { return log_.MayStoreUnanswered(); }
  void Append(AppendRequest request, AppendDone done) override {
    log_.Append(std::move(request), std::move(done));
  }
  Partition PartitionOf(std::string_view topic) const override { return log_.PartitionOf(topic); }
  Partition partitions() const override { return log_.partitions(); }
  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard) override {
    return log_.Follow(topic, shard);
  }
  void Unfollow(std::string_view topic, ShardIndex shard) override { log_.Unfollow(topic, shard); }
  void Read(ReadRequest request, ReadDone done) override {
    log_.Read(std::move(request), std::move(done));
  }
  Epoch epoch(Partition partition) const override { return log_.epoch(partition); }
  Offset head(Partition partition) const override { return log_.head(partition); }
  absl::Duration deduplication_window() const override { return log_.deduplication_window(); }
  absl::Status Health(Partition partition) const override { return log_.Health(partition); }

 protected:
  EventLog& log_;
};

}  // namespace sluice
