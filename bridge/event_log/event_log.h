// The event log: gives every event its place, keeps it, and tells the shards
// that follow its topic.
//
// Two rules make "joining without a hole" possible, and every implementation
// keeps them:
//   1. One order. Events get their offsets, and are delivered to the Tail, in
//      the same order, inside one critical section (or by one thread).
//   2. Follow is inside that section too. Everything after the head it returns
//      comes by the Tail; everything up to it is readable.
// Both hold within a partition. A log that others share may not know yet where a
// partition stands: it says so, and tells when it does.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
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

// A part of the log that has an order of its own: offsets of two partitions cannot be
// compared, and an id of one means nothing in another. A topic lies in one, for good.
// The logs in memory and on disk have one, JetStream has one for each of its streams.
using Partition = uint32_t;
inline constexpr Partition kPartitionsMax = 64;

// Where the log delivers what was appended; implemented by the hub.
class Tail {
 public:
  virtual ~Tail() = default;
  // Events of one partition in offset order, for one shard that follows their topics. Called
  // inside the log's critical section: must not block nor call the log.
  virtual void Deliver(ShardIndex shard, std::span<const StoredEventPtr> events) = 0;
  // For a shard that follows topics of the partition: it takes epoch and head anew, and reads on
  // from the log. What comes next may not follow on what was delivered last (the log was away for
  // long, or the partition was made anew: then it has another epoch), or the head was not known
  // before and is now. Called like Deliver, after epoch and head have changed.
  virtual void Lost(ShardIndex /*shard*/, Partition /*partition*/) {}
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
  // Nobody waits for the answer after that.
  absl::Time deadline = absl::InfiniteFuture();
};

// Where a read begins.
struct AfterOffset {
  Offset offset = 0;
};
struct Earliest {};
struct LastN {
  uint32_t events = 0;
};
// After the event that its publisher gave this id; where it is not found, as for Earliest.
struct AfterPublisherId {
  std::string id;
};
// Where a client goes on that was given this id (its end flag says nothing here), at whatever
// bridge. Not found: it is of another epoch, and the read begins as for Earliest; or it lies past
// the end, and the read begins there. The end is that of whoever knows all that was
// acknowledged, which may be past our own head.
struct AfterId {
  EventId id;
};
// At the end (the same end): no events are read.
struct Latest {};
using ReadStart = std::variant<AfterOffset, Earliest, LastN, AfterPublisherId, AfterId, Latest>;

struct ReadRequest {
  std::string topic;
  ReadStart start;
  uint32_t events_max = 256;
  size_t bytes_max = 64 * 1024;  // at least one event is returned all the same
};

struct ReadResult {
  // Of the partition, when it was read: all offsets here are of it. Never 0.
  Epoch epoch = 0;
  // Of the topic, in offset order, all kept ones after `after`.
  std::vector<StoredEventPtr> events;
  // Where the read really began: nothing of the topic is kept in between.
  Offset after = 0;
  // Of the topic, everything up to here has been let go (0: nothing).
  Offset dropped_through = 0;
  // Everything of the topic up to here was in this read or in earlier ones. (At least `after`; it
  // may be past our own head.)
  Offset complete_through = 0;
  // For AfterPublisherId: whether the id is still kept. For AfterId: see there.
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

  // ALREADY_EXISTS: an id was used with other content. UNAVAILABLE: could not store all of it,
  // and which of its events are stored, or will be, is not known. Appended again under the same
  // ids, those that are stored are duplicates, and the others are stored, each once and in
  // their order. (A log in one process stores all or nothing. One that others share stores event by
  // event: a refusal that comes in between says how many are stored.)
  virtual void Append(AppendRequest request, AppendDone done) = 0;

  // Below partitions(), always the same.
  virtual Partition PartitionOf(std::string_view /*topic*/) const { return 0; }
  // 1 to kPartitionsMax; never changes.
  virtual Partition partitions() const { return 1; }

  // From now on `shard` is told of `topic`. Answers the head: the offset of the
  // newest event of the whole partition. Nothing: it is not known yet (nobody has followed the
  // partition for a while, or it was not reached); Lost comes when it is. Following a topic
  // again changes nothing.
  virtual std::optional<Offset> Follow(std::string_view topic, ShardIndex shard) = 0;
  virtual void Unfollow(std::string_view topic, ShardIndex shard) = 0;

  // UNAVAILABLE: could not be read now.
  virtual void Read(ReadRequest request, ReadDone done) = 0;

  // Of the partition's present incarnation. 0: not known yet.
  virtual Epoch epoch(Partition partition) const = 0;
  // The newest offset that we know of (0: none, or not known yet). Every event up to it has been
  // delivered to the Tail.
  virtual Offset head(Partition partition) const = 0;
  virtual absl::Duration deduplication_window() const = 0;
  // OK, or why publishes to the partition fail now, or what else is promised of it in vain.
  virtual absl::Status Health(Partition partition) const = 0;
  // Of all partitions: the first that is not OK.
  absl::Status Health() const {
    for (Partition partition = 0; partition < partitions(); ++partition) {
      if (absl::Status status = Health(partition); !status.ok()) return status;
    }
    return absl::OkStatus();
  }
};

}  // namespace sluice
