// Stages what publishers want appended: finds their duplicates, gives offsets, and makes the
// events that the tail will be told of once the batch is written.
//
// Lives on the writer's thread, for one batch.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event_log/event_log.h"
#include "bridge/event_log/rocksdb/known_ids.h"
#include "bridge/event_log/rocksdb/offsets.h"
#include "bridge/event_log/rocksdb/retention.h"
#include "bridge/event_log/rocksdb/staged_batch.h"

namespace sluice::rocksdb_log {

class Appending {
 public:
  using Results = std::vector<AppendResult>;

  Appending(Epoch epoch, absl::Time now, KnownIds& known_ids, Offsets& offsets,
            Retention& retention, StagedBatch& batch)
      : epoch_(epoch),
        now_(now),
        known_ids_(known_ids),
        offsets_(offsets),
        retention_(retention),
        batch_(batch) {}

  // All of its events or, where there is an error, none.
  absl::StatusOr<Results> Add(AppendRequest request);

  // In order.
  const std::vector<StoredEventPtr>& events() const { return events_; }

 private:
  absl::StatusOr<Results> FindDuplicates(const AppendRequest& request);
  AppendResult Store(Event event, std::string_view principal);
  void Keep(const Event& event, Offset offset);
  void Remember(const Event& event, std::string_view principal, const AppendResult& result);

  const Epoch epoch_;
  const absl::Time now_;
  KnownIds& known_ids_;
  Offsets& offsets_;
  Retention& retention_;
  StagedBatch& batch_;
  std::vector<StoredEventPtr> events_;
};

}  // namespace sluice::rocksdb_log
