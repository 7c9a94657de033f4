#include "bridge/event_log/jetstream/followers.h"

#include <algorithm>
#include <bit>

#include "bridge/base/text.h"

namespace sluice {

void Followers::Start(Tail* tail) {
  MutexLock lock(&mutex_);
  tail_ = tail;
}

std::optional<Offset> Followers::Follow(std::string_view topic, ShardIndex shard) {
  MutexLock lock(&mutex_);
  followers_[AsAbsl(topic)] |= uint64_t{1} << shard;
  shards_seen_ |= uint64_t{1} << shard;
  if (offsets_.epoch() == 0) return std::nullopt;
  return head_;
}

void Followers::Unfollow(std::string_view topic, ShardIndex shard) {
  MutexLock lock(&mutex_);
  const auto found = followers_.find(AsAbsl(topic));
  if (found == followers_.end()) return;
  found->second &= ~(uint64_t{1} << shard);
  if (found->second == 0) followers_.erase(found);
}

void Followers::Deliver(std::span<const Arrival> arrivals, Offset head) {
  MutexLock lock(&mutex_);
  uint64_t to_tell = 0;
  for (const Arrival& arrival : arrivals) {
    const auto found = followers_.find(arrival.topic);
    if (found == followers_.end()) continue;
    const std::vector<StoredEventPtr> events = arrival.decode();
    to_tell |= found->second;
    for (uint64_t shards = found->second; shards != 0; shards &= shards - 1) {
      std::vector<StoredEventPtr>& delivery = deliveries_[std::countr_zero(shards)];
      delivery.insert(delivery.end(), events.begin(), events.end());
    }
  }
  head_ = std::max(head_, head);
  for (; to_tell != 0; to_tell &= to_tell - 1) {
    const auto shard = static_cast<ShardIndex>(std::countr_zero(to_tell));
    tail_->Deliver(shard, deliveries_[shard]);
    deliveries_[shard].clear();
  }
}

void Followers::Jump(const StreamOffsets& offsets, Offset head) {
  MutexLock lock(&mutex_);
  offsets_ = offsets;
  head_ = std::max(head_, head);
  if (tail_ == nullptr) return;
  for (uint64_t shards = shards_seen_; shards != 0; shards &= shards - 1) {
    tail_->Lost(static_cast<ShardIndex>(std::countr_zero(shards)), 0);
  }
}

Offset Followers::head() const {
  MutexLock lock(&mutex_);
  return head_;
}

StreamOffsets Followers::offsets() const {
  MutexLock lock(&mutex_);
  return offsets_;
}

}  // namespace sluice
