#include "bridge/event_log/jetstream/followers.h"

#include <algorithm>
#include <bit>
#include <utility>

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
  if (!head_is_kept_) return std::nullopt;
  return head_;
}

void Followers::Unfollow(std::string_view topic, ShardIndex shard) {
  MutexLock lock(&mutex_);
  const auto found = followers_.find(AsAbsl(topic));
  if (found == followers_.end()) return;
  found->second &= ~(uint64_t{1} << shard);
  if (found->second == 0) followers_.erase(found);
}

bool Followers::any() const {
  MutexLock lock(&mutex_);
  return !followers_.empty();
}

// What is followed is decoded without the lock. Who begins to follow meanwhile is found by the
// next look: that one ends it, which finds nothing to decode.
void Followers::Deliver(std::vector<Arrival> arrivals, Offset head) {
  std::vector<Message> messages;
  messages.reserve(arrivals.size());
  for (Arrival& arrival : arrivals) messages.push_back({std::move(arrival), false, {}});
  while (true) {
    std::vector<Message*> to_decode;
    {
      MutexLock lock(&mutex_);
      for (Message& message : messages) {
        if (!message.decoded && followers_.contains(message.arrival.topic)) {
          to_decode.push_back(&message);
        }
      }
      if (to_decode.empty()) {
        Tell(messages);
        head_ = std::max(head_, head);
        return;
      }
    }
    for (Message* message : to_decode) {
      message->events = message->arrival.decode();
      message->decoded = true;
    }
  }
}

void Followers::Tell(std::span<const Message> messages) {
  uint64_t to_tell = 0;
  for (const Message& message : messages) {
    const auto found = followers_.find(message.arrival.topic);
    if (found == followers_.end()) continue;
    to_tell |= found->second;
    for (uint64_t shards = found->second; shards != 0; shards &= shards - 1) {
      std::vector<StoredEventPtr>& delivery = deliveries_[std::countr_zero(shards)];
      delivery.insert(delivery.end(), message.events.begin(), message.events.end());
    }
  }
  HandOver(to_tell);
}

void Followers::HandOver(uint64_t shards) {
  for (; shards != 0; shards &= shards - 1) {
    const auto shard = static_cast<ShardIndex>(std::countr_zero(shards));
    tail_->Deliver(shard, deliveries_[shard]);
    deliveries_[shard].clear();
  }
}

void Followers::TellLost(uint64_t shards) {
  if (tail_ == nullptr) return;
  for (; shards != 0; shards &= shards - 1) {
    tail_->Lost(static_cast<ShardIndex>(std::countr_zero(shards)), partition_);
  }
}

void Followers::Jump(Epoch epoch, Offset head) {
  MutexLock lock(&mutex_);
  head_ = epoch == epoch_ ? std::max(head_, head) : head;
  epoch_ = epoch;
  head_is_kept_ = true;
  TellLost(shards_seen_);
}

void Followers::SetEpoch(Epoch epoch) {
  MutexLock lock(&mutex_);
  if (epoch != epoch_) head_ = 0;
  epoch_ = epoch;
}

bool Followers::Leave() {
  MutexLock lock(&mutex_);
  if (!followers_.empty()) return false;
  head_is_kept_ = false;
  return true;
}

Offset Followers::head() const {
  MutexLock lock(&mutex_);
  return head_;
}

Epoch Followers::epoch() const {
  MutexLock lock(&mutex_);
  return epoch_;
}

}  // namespace sluice
