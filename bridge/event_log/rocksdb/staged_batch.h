// What one write will change, gathered: reads see what is staged already, and nothing has
// happened until it is written.
//
// Lives on the writer's thread.
#pragma once

#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/container/node_hash_map.h"
#include "absl/status/statusor.h"
#include "bridge/event_log/rocksdb/store.h"
#include "rocksdb/write_batch.h"

namespace sluice::rocksdb_log {

class StagedBatch {
 public:
  // Of a log in this state. Without a store nothing may be staged.
  StagedBatch(const Store* store, const event_log::v1::LogState& state)
      : store_(store), state_(state) {}

  event_log::v1::LogState& state() { return state_; }
  const event_log::v1::LogState& state() const { return state_; }

  // What is changed in it is written. A topic that is new, or was forgotten, begins empty.
  absl::StatusOr<event_log::v1::TopicState*> Topic(const std::string& name);
  // Of one that stands among the empty topics: whether it does no longer, once this is written.
  // Where it was only looked at it is as if it had not been.
  bool LivesOn(std::string_view name);

  absl::StatusOr<const event_log::v1::KnownId*> FindKnownId(const std::string& key);
  void PutKnownId(const std::string& key, const event_log::v1::KnownId& known);

  void Put(Family family, std::string_view key, std::string_view value);
  void Delete(Family family, std::string_view key);

  // Puts in what is left to put. Null: nothing changes.
  rocksdb::WriteBatch* Finish();

 private:
  struct StagedTopic {
    event_log::v1::TopicState before;
    event_log::v1::TopicState now;
    // Under which it stands among the empty topics; 0: it does not.
    Offset listed_at = 0;

    bool changed() const {
      return now.events() != before.events() || now.dropped_through() != before.dropped_through();
    }
  };
  void FinishTopic(const std::string& name, const StagedTopic& topic);

  const Store* const store_;
  event_log::v1::LogState state_;
  rocksdb::WriteBatch batch_;
  absl::node_hash_map<std::string, StagedTopic> topics_;
  absl::node_hash_map<std::string, event_log::v1::KnownId> known_ids_;
};

}  // namespace sluice::rocksdb_log
