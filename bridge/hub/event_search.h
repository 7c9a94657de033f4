// Looking through the log for a request, before it becomes a subscription.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event/event_filter.h"
#include "bridge/event_log/event_log.h"

namespace sluice {

// Whether any kept event of `topics` after `after` passes the filter (null:
// every event does). `done` comes once, on any thread.
void AnyEventAfter(EventLog& log, std::vector<std::string> topics, Offset after,
                   EventFilterPtr filter, std::function<void(absl::StatusOr<bool>)> done);

}  // namespace sluice
