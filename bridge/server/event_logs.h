// Makes the event log that is configured.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "bridge/base/clock.h"
#include "bridge/event_log/event_log.h"
#include "bridge/server/config/event_logs.h"

namespace sluice {

// The error says what stands in the way, and what to do about it.
absl::StatusOr<std::unique_ptr<EventLog>> MakeEventLog(const EventLogOptions& options,
                                                       const Clock& clock);

}  // namespace sluice
