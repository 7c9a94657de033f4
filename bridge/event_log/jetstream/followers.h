// Which shards follow which topics of a stream, and its head: the one critical section of the
// log. What the tail delivers and what Follow answers meet here. Thread-safe.
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

namespace sluice {

class Followers {
 public:
  // A message as it came: it is decoded when somebody follows its topic.
  struct Arrival {
    std::string topic;
    std::function<std::vector<StoredEventPtr>()> decode;
  };

  explicit Followers(Partition partition) : partition_(partition) {}

  void Start(Tail* tail);

  // Nothing: the tail does not run, or has not come to its place.
  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard);
  void Unfollow(std::string_view topic, ShardIndex shard);
  bool any() const;

  // On one thread, like all that follow. The head becomes `head`.
  void Deliver(std::vector<Arrival> arrivals, Offset head);
  // The tail goes on from here: it has come to its place, or to another than behind what was
  // delivered last, or behind a hole. Of another epoch the head begins anew. Every shard that
  // follows anything is told that it may have lost some.
  void Jump(Epoch epoch, Offset head);
  // What ids mean, where no tail runs.
  void SetEpoch(Epoch epoch);
  // Nobody keeps the head any more, unless somebody follows a topic: false then.
  bool Leave();

  // Where the tail is, or was.
  Offset head() const;
  Epoch epoch() const;

 private:
  struct Message {
    Arrival arrival;
    bool decoded = false;
    std::vector<StoredEventPtr> events;
  };

  void Tell(std::span<const Message> messages) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void HandOver(uint64_t shards) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void TellLost(uint64_t shards) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Partition partition_;
  mutable Mutex mutex_;
  Tail* tail_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Epoch epoch_ ABSL_GUARDED_BY(mutex_) = 0;
  Offset head_ ABSL_GUARDED_BY(mutex_) = 0;
  bool head_is_kept_ ABSL_GUARDED_BY(mutex_) = false;
  // One bit for each shard.
  absl::flat_hash_map<std::string, uint64_t> followers_ ABSL_GUARDED_BY(mutex_);
  std::array<std::vector<StoredEventPtr>, kShardsMax> deliveries_ ABSL_GUARDED_BY(mutex_);
  uint64_t shards_seen_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
