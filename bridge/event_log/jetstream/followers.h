// Which shards follow which topics, and the head: the one critical section of the log. What
// the tail delivers and what Follow answers meet here.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/base/mutex.h"
#include "bridge/event_log/event_log.h"
#include "bridge/event_log/jetstream/stored_message.h"

namespace sluice {

class Followers {
 public:
  // A message as it came: it is decoded when somebody follows its topic.
  struct Arrival {
    std::string topic;
    std::function<std::vector<StoredEventPtr>()> decode;
  };

  void Start(Tail* tail);

  // Nothing: the stream was not reached yet; the shard is told when it is.
  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard);
  void Unfollow(std::string_view topic, ShardIndex shard);

  // The head becomes `head`, unless it is past that.
  void Deliver(std::span<const Arrival> arrivals, Offset head);
  // From here on events come from another place: a stream that was made anew, or one that
  // has let go of what was to come next. Every shard is told that it may have lost some, or that
  // the head is known now.
  void Jump(const StreamOffsets& offsets, Offset head);

  Offset head() const;
  StreamOffsets offsets() const;

 private:
  mutable Mutex mutex_;
  Tail* tail_ ABSL_GUARDED_BY(mutex_) = nullptr;
  StreamOffsets offsets_ ABSL_GUARDED_BY(mutex_);
  Offset head_ ABSL_GUARDED_BY(mutex_) = 0;
  // One bit for each shard.
  absl::flat_hash_map<std::string, uint64_t> followers_ ABSL_GUARDED_BY(mutex_);
  std::array<std::vector<StoredEventPtr>, kShardsMax> deliveries_ ABSL_GUARDED_BY(mutex_);
  uint64_t shards_seen_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
