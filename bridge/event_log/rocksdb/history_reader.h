// Reads of a topic's history. What one costs depends on what it reads, not on what is stored:
// it begins at the first event that is wanted, which is never one that was deleted.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event_log/event_log.h"
#include "bridge/event_log/rocksdb/tail_feed.h"

namespace sluice::rocksdb_log {

absl::StatusOr<ReadResult> ReadHistory(const View& view, const ReadRequest& request);

// Of all topics, in order; for the few that one write may have left behind.
absl::StatusOr<std::vector<StoredEventPtr>> ReadAllAfter(const View& view, Offset offset);

}  // namespace sluice::rocksdb_log
