#include "bridge/hub/heartbeats.h"

#include <algorithm>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "bridge/base/clock.h"
#include "bridge/base/timestamp.h"
#include "bridge/hub/shard.h"
#include "bridge/hub/subscription.h"

namespace sluice {
namespace {

constexpr uint32_t kBucketsMax = 16;
// Buckets are no closer together than this.
constexpr absl::Duration kStepMin = absl::Milliseconds(50);

// Of a partition. Null: its position is not known yet.
struct WithId {
  EventId position;
  FramePtr frame;
};

}  // namespace

struct HeartbeatGroup {
  HeartbeatGroup(std::shared_ptr<const HeartbeatPolicy> policy_in, boost::asio::io_context& context)
      : policy(std::move(policy_in)), timer(context) {
    const int64_t steps = policy->interval / kStepMin;
    buckets.resize(std::clamp<int64_t>(steps, 1, kBucketsMax));
  }

  const std::shared_ptr<const HeartbeatPolicy> policy;
  boost::asio::steady_timer timer;
  std::vector<std::vector<Subscription*>> buckets;
  uint32_t next = 0;
  size_t size = 0;
  bool scheduled = false;
};

Heartbeats::Heartbeats(Shard& shard) : shard_(shard) {}
Heartbeats::~Heartbeats() = default;

void Heartbeats::Add(Subscription& subscription, std::shared_ptr<const HeartbeatPolicy> policy) {
  if (policy == nullptr || policy->interval <= absl::ZeroDuration()) return;
  std::unique_ptr<HeartbeatGroup>& group = groups_[policy.get()];
  if (group == nullptr)
    group = std::make_unique<HeartbeatGroup>(std::move(policy), shard_.context());
  // The bucket that was served last: its next turn is a whole interval away.
  const auto buckets = static_cast<uint32_t>(group->buckets.size());
  const uint32_t bucket = (group->next + buckets - 1) % buckets;
  auto& members = group->buckets[bucket];
  subscription.heartbeat_slot_ = {group.get(), bucket, static_cast<uint32_t>(members.size())};
  members.push_back(&subscription);
  ++group->size;
  if (!group->scheduled) Schedule(*group);
}

void Heartbeats::Remove(Subscription& subscription) {
  const HeartbeatSlot slot = subscription.heartbeat_slot_;
  if (slot.group == nullptr) return;
  HeartbeatGroup& group = *slot.group;
  auto& members = group.buckets[slot.bucket];
  members[slot.index] = members.back();
  members[slot.index]->heartbeat_slot_.index = slot.index;
  members.pop_back();
  subscription.heartbeat_slot_ = {};
  --group.size;
}

void Heartbeats::Schedule(HeartbeatGroup& group) {
  group.scheduled = group.size > 0;
  if (!group.scheduled) return;
  const absl::Duration step = group.policy->interval / static_cast<int64_t>(group.buckets.size());
  group.timer.expires_after(absl::ToChronoNanoseconds(step));
  group.timer.async_wait([this, &group](const boost::system::error_code& error) {
    if (!error) Fire(group);
  });
}

void Heartbeats::Fire(HeartbeatGroup& group) {
  const uint32_t bucket = group.next;
  group.next = (group.next + 1) % static_cast<uint32_t>(group.buckets.size());
  Schedule(group);
  if (group.buckets[bucket].empty()) return;

  const absl::Time now = shard_.clock().Now();
  const auto encode = [&](std::string_view id) {
    return std::make_shared<const SseFrame>(HeartbeatFrame(*group.policy, id, now));
  };
  absl::flat_hash_map<Partition, WithId> with_ids;
  FramePtr without_id;
  // A copy: whoever cannot be written to leaves.
  const std::vector<Subscription*> members = group.buckets[bucket];
  for (Subscription* member : members) {
    const auto [with_id, first] = with_ids.try_emplace(member->partition());
    if (first) {
      WithId& of = with_id->second;
      of.position = shard_.RefreshPosition(member->partition());
      if (of.position.epoch != 0) of.frame = encode(FormatEventId(of.position));
    }
    const Subscription::State state = member->state();
    // Who waits for the log is kept alive, and has not been sent all that the position covers.
    if (state == Subscription::State::kReading) {
      if (without_id == nullptr) without_id = encode({});
      member->subscriber_.OnHeartbeat(without_id);
      continue;
    }
    if (state != Subscription::State::kCaughtUp) continue;
    const bool sends_ids = member->view() == nullptr || member->view()->ids != IdLine::kOff;
    const bool has_id =
        sends_ids && with_id->second.frame != nullptr && member->IsUpTo(with_id->second.position);
    if (!has_id && without_id == nullptr) without_id = encode({});
    member->subscriber_.OnHeartbeat(has_id ? with_id->second.frame : without_id);
  }
}

SseFrame HeartbeatFrame(const HeartbeatPolicy& policy, std::string_view id, absl::Time now) {
  SseFields fields;
  fields.id = id;
  std::string data;
  if (policy.event.empty()) {
    fields.comment = "heartbeat";
  } else {
    data = absl::StrReplaceAll(policy.data, {{"${now}", Timestamp(now)}});
    fields.event = policy.event;
    fields.data = data;
  }
  return SseFrame(fields);
}

}  // namespace sluice
