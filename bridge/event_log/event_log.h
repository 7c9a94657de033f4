// The event log: gives every event its place, keeps it, and tells the shards
// that follow its topic.
//
// Two rules make "joining without a hole" possible, and every implementation
// keeps them:
//   1. One order. Events get their offsets, and are delivered to the Tail, in
//      the same order, inside one critical section (or by one thread).
//   2. Follow is inside that section too. Everything after the head it returns
//      comes by the Tail; everything up to it is readable.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/event/event.h"

namespace sluice {

using ShardIndex = uint32_t;
inline constexpr ShardIndex kShardsMax = 64;

// Where the log delivers what was appended; implemented by the hub.
class Tail {
 public:
  virtual ~Tail() = default;
  // Events in offset order, for one shard that follows their topics. Called
  // inside the log's critical section: must not block nor call the log.
  virtual void Deliver(ShardIndex shard, std::span<const StoredEventPtr> events) = 0;
  // What comes next may not follow on what was delivered last (a log that others share was
  // away for long, or made anew): the shard reads on from the log. Called like Deliver.
  virtual void Lost(ShardIndex /*shard*/) {}
};

struct AppendResult {
  EventId id;
  bool transient = false;
  bool duplicate = false;  // the publisher's id was known; nothing was stored
};

struct AppendRequest {
  // Who publishes: publishers' ids are told apart by it. May be empty.
  std::string principal;
  std::vector<Event> events;
};

// Where a read begins.
struct AfterOffset {
  Offset offset = 0;
};
struct Earliest {};
struct LastN {
  uint32_t events = 0;
};
// After the event that its publisher gave this id; behind it, `Earliest`.
struct AfterPublisherId {
  std::string id;
};
using ReadStart = std::variant<AfterOffset, Earliest, LastN, AfterPublisherId>;

struct ReadRequest {
  std::string topic;
  ReadStart start;
  uint32_t events_max = 256;
  size_t bytes_max = 64 * 1024;  // at least one event is returned all the same
};

struct ReadResult {
  // Of the topic, in offset order, all kept ones after `after`.
  std::vector<StoredEventPtr> events;
  // Where the read really began: nothing of the topic is kept in between.
  Offset after = 0;
  // Of the topic, everything up to here has been let go (0: nothing).
  Offset dropped_through = 0;
  // Everything of the topic up to here was in this read or in earlier ones.
  Offset complete_through = 0;
  // For AfterPublisherId: whether the id is still kept.
  bool found = true;
};

// All calls are thread-safe. Callbacks come exactly once, on any thread,
// possibly before the call returns.
class EventLog {
 public:
  using AppendDone = std::function<void(absl::StatusOr<std::vector<AppendResult>>)>;
  using ReadDone = std::function<void(absl::StatusOr<ReadResult>)>;

  virtual ~EventLog() = default;

  // Before anything else; `tail` lives until Stop.
  virtual void Start(Tail* tail) = 0;

  // Whether what an append was answered UNAVAILABLE for may have been stored all the same: who
  // tries again and wants it once gives the events ids.
  virtual bool MayStoreUnanswered() const { return true; }

  // All or nothing. ALREADY_EXISTS: an id was used with other content;
  // UNAVAILABLE: could not store.
  virtual void Append(AppendRequest request, AppendDone done) = 0;

  // From now on `shard` is told of `topic`. Answers the head: the offset of the
  // newest event of the whole log.
  virtual Offset Follow(std::string_view topic, ShardIndex shard) = 0;
  virtual void Unfollow(std::string_view topic, ShardIndex shard) = 0;

  virtual void Read(ReadRequest request, ReadDone done) = 0;

  virtual Epoch epoch() const = 0;
  // The newest offset. Every event up to it has been delivered to the Tail.
  virtual Offset head() const = 0;
  virtual absl::Duration deduplication_window() const = 0;
  // OK, or why publishes fail now.
  virtual absl::Status Health() const = 0;
};

}  // namespace sluice
