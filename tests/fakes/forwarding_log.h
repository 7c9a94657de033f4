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
  Offset Follow(std::string_view topic, ShardIndex shard) override {
    return log_.Follow(topic, shard);
  }
  void Unfollow(std::string_view topic, ShardIndex shard) override { log_.Unfollow(topic, shard); }
  void Read(ReadRequest request, ReadDone done) override {
    log_.Read(std::move(request), std::move(done));
  }
  Epoch epoch() const override { return log_.epoch(); }
  Offset head() const override { return log_.head(); }
  absl::Duration deduplication_window() const override { return log_.deduplication_window(); }
  absl::Status Health() const override { return log_.Health(); }

 protected:
  EventLog& log_;
};

}  // namespace sluice
