// Lets go of the oldest events: of a topic with too many, of all topics when they are too old
// or too large together; and forgets topics that have been empty for long. A bounded number
// at a time, so that no write waits long for it.
//
// A topic's events go from its first on, so what is left of it is whole after
// `dropped_through`. Looking for the first ones begins where it ended the last time, after a
// restart too: what was deleted before is not stepped over again.
//
// What cannot be read in the order of events is taken out of it: its event goes with its topic.
//
// Lives on the writer's thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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
  // What was staged has been written, or not.
  void Written();
  void NotWritten();
  // The store was opened again: nothing is known of it.
  void Reopened();
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
  // False: no more may go with this batch.
  bool RemoveUnreadable(Family family, std::string_view key, StagedBatch& batch);
  void Drop(Offset offset, const event_log::v1::OrderEntry& entry, event_log::v1::TopicState* topic,
            StagedBatch& batch);

  const RetentionBounds bounds_;
  absl::flat_hash_set<std::string> overfull_;
  // No longer overfull, once the batch is written.
  std::vector<std::string> relieved_;
  // The oldest event of all; nothing: not known. With the batch, and without it.
  std::optional<First> first_;
  std::optional<First> written_first_;
  size_t drops_left_ = 0;
  size_t unreadable_ = 0;
  bool behind_ = false;
};

}  // namespace sluice::rocksdb_log
