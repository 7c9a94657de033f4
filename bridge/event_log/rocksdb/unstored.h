// What can be done for publishers while nothing can be stored: events that need not be kept are
// delivered all the same.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event_log/event_log.h"

namespace sluice::rocksdb_log {

using AppendAnswer = absl::StatusOr<std::vector<AppendResult>>;

// Whether the store must be read or written for it.
bool NeedsStore(const AppendRequest& request);

// Of a request that does not need the store: its events, with the place of the newest kept one.
AppendAnswer DeliverOnly(AppendRequest request, EventId place, std::vector<StoredEventPtr>* events);

}  // namespace sluice::rocksdb_log
