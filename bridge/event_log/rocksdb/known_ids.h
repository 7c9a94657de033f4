// Publishers' own event ids, remembered for a while so that a retry stores nothing twice:
// written with the event, so that they are known exactly as long as it is kept, or forgotten.
// Bounded in time and number.
//
// Lives on the writer's thread.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/event_log/rocksdb/staged_batch.h"

namespace sluice::rocksdb_log {

class KnownIds {
 public:
  KnownIds(absl::Duration window, uint64_t ids_max) : window_(window), ids_max_(ids_max) {}

  // Null: not known, or no longer.
  absl::StatusOr<const event_log::v1::KnownId*> Find(const std::string& key, absl::Time now,
                                                     StagedBatch& batch) const;
  static void Add(const std::string& key, event_log::v1::KnownId known, absl::Time now,
                  StagedBatch& batch);
  // Forgets what is too old or too many, `forget_max` at most.
  absl::Status Age(const Store& store, absl::Time now, size_t forget_max, StagedBatch& batch);
  // What was staged has been written, or not.
  void Written() { written_oldest_ = oldest_; }
  void NotWritten() { oldest_ = written_oldest_; }
  // The store was opened again: nothing is known of it.
  void Reopened() {
    oldest_.reset();
    written_oldest_.reset();
  }

 private:
  struct Oldest {
    uint64_t age;
    absl::Time stored_at;
  };
  bool Expired(absl::Time stored_at, absl::Time now) const { return now - stored_at > window_; }

  const absl::Duration window_;
  const uint64_t ids_max_;
  // So that nothing is read as long as nothing ages. Nothing: not known. With the batch, and
  // without it.
  std::optional<Oldest> oldest_;
  std::optional<Oldest> written_oldest_;
};

}  // namespace sluice::rocksdb_log
