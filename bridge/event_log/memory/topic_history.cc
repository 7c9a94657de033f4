#include "bridge/event_log/memory/topic_history.h"

#include <algorithm>

#include "bridge/base/text.h"
#include "bridge/event_log/resolve_start.h"

namespace sluice {
namespace {

// What a topic with events costs, and an event beside itself.
constexpr size_t kTopicBytes = 768;
constexpr size_t kEntryBytes = 96;

constexpr uint64_t Bit(ShardIndex shard) { return uint64_t{1} << shard; }

}  // namespace

TopicHistory::Topic& TopicHistory::Find(std::string_view name) {
  const auto [it, added] = topics_.try_emplace(std::string(name));
  if (added) {
    it->second.name = it->first;
    it->second.dropped_through = forgotten_through_;
  }
  return it->second;
}

void TopicHistory::Add(StoredEventPtr event, absl::Time now) {
  Topic& topic = Find(event->event().topic);
  bytes_ += event->bytes() + kEntryBytes + (topic.events.empty() ? kTopicBytes : 0);
  order_.push_back({std::move(event), now, &topic});
  topic.events.push_back(std::prev(order_.end()));
  if (topic.events.size() > bounds_.events_per_topic) DropFirst(topic);
  while (bytes_ > bounds_.total_bytes && !order_.empty()) DropFirst(*order_.front().topic);
  DropOld(now);
}

void TopicHistory::DropOld(absl::Time now) {
  while (!order_.empty() && now - order_.front().added_at > bounds_.max_age) {
    DropFirst(*order_.front().topic);
  }
}

void TopicHistory::DropFirst(Topic& topic) {
  const Order::iterator first = topic.events.front();
  topic.dropped_through = first->event->offset();
  bytes_ -= first->event->bytes() + kEntryBytes;
  topic.events.pop_front();
  order_.erase(first);
  if (topic.events.empty()) {
    bytes_ -= kTopicBytes;
    empty_.push_back({topic.name, topic.dropped_through});
    ForgetEmptyTopics();
  }
}

void TopicHistory::ForgetEmptyTopics() {
  while (empty_.size() > bounds_.empty_topics) {
    const Empty& oldest = empty_.front();
    const auto it = topics_.find(oldest.name);
    // An entry is stale when the topic has lived on since.
    if (it != topics_.end() && it->second.events.empty() && it->second.followers == 0 &&
        it->second.dropped_through == oldest.dropped_through) {
      forgotten_through_ = std::max(forgotten_through_, oldest.dropped_through);
      topics_.erase(it);
    }
    empty_.pop_front();
  }
}

uint64_t TopicHistory::Followers(std::string_view topic) const {
  const auto it = topics_.find(AsAbsl(topic));
  return it == topics_.end() ? 0 : it->second.followers;
}

void TopicHistory::Follow(std::string_view topic, ShardIndex shard) {
  Find(topic).followers |= Bit(shard);
}

void TopicHistory::Unfollow(std::string_view name, ShardIndex shard) {
  const auto it = topics_.find(AsAbsl(name));
  if (it == topics_.end()) return;
  Topic& topic = it->second;
  topic.followers &= ~Bit(shard);
  if (topic.followers != 0 || !topic.events.empty()) return;
  if (topic.dropped_through <= forgotten_through_) {
    topics_.erase(it);  // knows nothing that is not known without it
  } else {
    empty_.push_back({topic.name, topic.dropped_through});
    ForgetEmptyTopics();
  }
}

ReadResult TopicHistory::Read(const ReadRequest& request, Epoch epoch, Offset head) const {
  ReadResult result;
  result.epoch = epoch;
  const ReadStart start = ResolveStart(request.start, epoch, head, &result.found);
  result.dropped_through = forgotten_through_;
  result.complete_through = head;

  static const std::deque<Order::iterator> kNothing;
  const auto found = topics_.find(request.topic);
  const auto& events = found == topics_.end() ? kNothing : found->second.events;
  if (found != topics_.end()) result.dropped_through = found->second.dropped_through;

  auto next = events.begin();
  if (const auto* after = std::get_if<AfterOffset>(&start)) {
    result.after = std::max(after->offset, result.dropped_through);
    next = std::partition_point(next, events.end(), [&](const Order::iterator& entry) {
      return entry->event->offset() <= result.after;
    });
  } else if (const auto* last = std::get_if<LastN>(&start)) {
    next = events.end() - std::min<ptrdiff_t>(last->events, std::ssize(events));
  } else if (const auto* wanted = std::get_if<AfterPublisherId>(&start)) {
    const auto newest = std::find_if(events.rbegin(), events.rend(), [&](const auto& entry) {
      return entry->event->event().publisher_id == wanted->id;
    });
    result.found = newest != events.rend();
    if (result.found) next = newest.base();
  }
  if (!std::holds_alternative<AfterOffset>(start)) {
    if (next != events.begin()) {
      result.after = (*std::prev(next))->event->offset();
    } else {
      result.after = result.dropped_through;
    }
  }

  size_t bytes = 0;
  for (; next != events.end() && result.events.size() < request.events_max; ++next) {
    const StoredEventPtr& event = (*next)->event;
    bytes += event->bytes();
    if (bytes > request.bytes_max && !result.events.empty()) break;
    result.events.push_back(event);
  }
  if (next != events.end()) {
    result.complete_through = result.events.empty() ? result.after : result.events.back()->offset();
  }
  return result;
}

}  // namespace sluice
