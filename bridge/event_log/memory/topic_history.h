// What the memory log keeps: every topic's events, and all events in one order,
// oldest first, so that bounds on count, bytes and age let go of the right ones.
//
// Not thread-safe: the log's mutex guards it.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <string>
#include <string_view>

#include "absl/container/node_hash_map.h"
#include "absl/time/time.h"
#include "bridge/event_log/event_log.h"

namespace sluice {

struct HistoryBounds {
  uint32_t events_per_topic;
  size_t total_bytes;
  absl::Duration max_age;
  uint32_t empty_topics;
};

class TopicHistory {
 public:
  explicit TopicHistory(HistoryBounds bounds) : bounds_(bounds) {}

  void Add(StoredEventPtr event, absl::Time now);
  // Lets go of what is older than the bound.
  void DropOld(absl::Time now);

  ReadResult Read(const ReadRequest& request, Epoch epoch, Offset head) const;

  // One bit for each shard that follows the topic.
  uint64_t Followers(std::string_view topic) const;
  void Follow(std::string_view topic, ShardIndex shard);
  void Unfollow(std::string_view topic, ShardIndex shard);

 private:
  struct Topic;
  struct Entry {
    StoredEventPtr event;
    absl::Time added_at;
    Topic* topic;
  };
  using Order = std::list<Entry>;
  struct Topic {
    std::string name;
    std::deque<Order::iterator> events;
    Offset dropped_through = 0;
    uint64_t followers = 0;
  };
  // A topic all of whose events are gone, and what it must remember of them.
  struct Empty {
    std::string name;
    Offset dropped_through;
  };

  Topic& Find(std::string_view name);
  void DropFirst(Topic& topic);
  void ForgetEmptyTopics();

  const HistoryBounds bounds_;
  absl::node_hash_map<std::string, Topic> topics_;
  Order order_;
  size_t bytes_ = 0;
  std::deque<Empty> empty_;
  // Through here, topics that are no longer remembered may have dropped events.
  Offset forgotten_through_ = 0;
};

}  // namespace sluice
