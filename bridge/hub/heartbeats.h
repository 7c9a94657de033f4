// Heartbeats of a shard: one timer for each policy, not for each subscriber.
// A policy's subscribers are spread over buckets that take turns, so that no
// moment has all the work; those of a bucket share a frame.
//
// Lives on the shard's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "bridge/event/sse_frame.h"
#include "bridge/route/route.h"

namespace sluice {

class Shard;
class Subscription;
struct HeartbeatGroup;

// Where a subscription stands among them.
struct HeartbeatSlot {
  HeartbeatGroup* group = nullptr;  // null: none
  uint32_t bucket = 0;
  uint32_t index = 0;
};

class Heartbeats {
 public:
  explicit Heartbeats(Shard& shard);
  ~Heartbeats();

  void Add(Subscription& subscription, std::shared_ptr<const HeartbeatPolicy> policy);
  void Remove(Subscription& subscription);

 private:
  void Schedule(HeartbeatGroup& group);
  void Fire(HeartbeatGroup& group);

  Shard& shard_;
  absl::flat_hash_map<const HeartbeatPolicy*, std::unique_ptr<HeartbeatGroup>> groups_;
};

// What is sent: with the id of the position, unless that is empty. `now` goes
// in for ${now}.
SseFrame HeartbeatFrame(const HeartbeatPolicy& policy, std::string_view id, absl::Time now);

}  // namespace sluice
