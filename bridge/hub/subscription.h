// A subscriber's places in its topics: cursors, not queues. It reads history
// from the log until it can enter the topics' windows, and merges several
// topics by offset, so that the ids it yields only rise.
//
// Lives on one shard's thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bridge/event/event_filter.h"
#include "bridge/event/frame_view.h"
#include "bridge/event_log/event_log.h"
#include "bridge/hub/subscriber.h"
#include "bridge/route/route.h"

namespace sluice {

class Shard;

struct SubscriptionSpec {
  std::vector<std::string> topics;  // 1 or more, each once
  EventFilterPtr filter;            // null: everything
  FrameViewPtr view;                // null: the default view
  std::string last_event_id;        // as the client sent it; empty: begin at `start`
  StreamStart start;
  std::shared_ptr<const HeartbeatPolicy> heartbeat;  // null: none
};

// One thing to send. Valid until the shard's thread returns to its loop, or the
// subscription moves.
struct Item {
  const SseFrame* frame = nullptr;
  const StoredEvent* event = nullptr;  // null: a gap
};

class Subscription {
 public:
  enum class State {
    kOpening,   // where it starts is not known yet
    kReady,     // Peek has something
    kCaughtUp,  // everything was taken; OnReady will come
    kReading,   // waits for the log; OnReady will come
    kEnded,     // every topic has ended and everything was taken
    kFailed,    // the log could not be read
  };

  // `subscriber` outlives this. OnReady always comes from the shard's loop, never
  // from inside a call on the subscription.
  Subscription(Shard& shard, Subscriber& subscriber, SubscriptionSpec spec);
  ~Subscription();
  Subscription(const Subscription&) = delete;
  Subscription& operator=(const Subscription&) = delete;

  State state() const;
  // The id of the position the stream starts at; known once not kOpening.
  std::string start_id() const;
  // Why kFailed.
  const absl::Status& status() const;

  // Up to `items.size()` items and about `bytes_max` bytes that follow, without
  // moving; returns how many.
  size_t Peek(std::span<Item> items, size_t bytes_max);
  // Moves past the first `count` that Peek gave.
  void Advance(size_t count);
  // Ownership of item `index` of the last Peek, for one that is partly written.
  FramePtr Own(size_t index);
  // The subscriber cannot take more now: gives back what was read ahead.
  void Pause();

  const SubscriptionSpec& spec() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice
