// Lets go of the oldest events: of a topic with too many, of all topics when they are too old
// or too large together; and forgets topics that have been empty for long. A bounded number
// at a time, so that no write waits long for it.
//
// A topic's events go from its first on, so what is left of it is whole after
// `dropped_through`. Looking for the first ones begins where it ended the last time: what was
// deleted before is not stepped over again.
//
// Lives on the writer's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/event_log/rocksdb/staged_batch.h"

namespace sluice::rocksdb_log {

struct RetentionBounds {
  uint64_t events_per_topic;
  uint64_t total_bytes;
  absl::Duration max_age;
  uint64_t empty_topics;
};

class Retention {
 public:
  explicit Retention(RetentionBounds bounds) : bounds_(bounds) {}

  // The topic got events: where it has too many, the next call drops them.
  void Grown(const std::string& topic, const event_log::v1::TopicState& state);

  // Stages what must go of what is stored, `drops_max` events at most.
  absl::Status Stage(const Store& store, absl::Time now, size_t drops_max, StagedBatch& batch);
  // What was staged has not been written.
  void NotWritten();
  // More must go than was staged.
  bool behind() const { return behind_ || !overfull_.empty(); }

 private:
  struct First {
    Offset offset;
    absl::Time stored_at;
  };
  bool MustDrop(absl::Time stored_at, absl::Time now, const StagedBatch& batch) const;
  absl::Status DropExcess(const Store& store, StagedBatch& batch);
  absl::Status DropExcessOf(const std::string& name, const Store& store, StagedBatch& batch);
  absl::Status DropOldest(const Store& store, absl::Time now, StagedBatch& batch);
  absl::Status ForgetEmptyTopics(const Store& store, StagedBatch& batch);
  void Drop(Offset offset, const event_log::v1::OrderEntry& entry, event_log::v1::TopicState* topic,
            StagedBatch& batch);

  const RetentionBounds bounds_;
  absl::flat_hash_set<std::string> overfull_;
  // The oldest event of all; nothing: not known.
  std::optional<First> first_;
  size_t drops_left_ = 0;
  bool behind_ = false;
};

}  // namespace sluice::rocksdb_log
