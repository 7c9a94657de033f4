// The event log in a NATS JetStream stream: shared by all bridges that name it.
#pragma once

#include <memory>

#include "absl/status/statusor.h"
#include "bridge/event_log/event_log.h"
#include "bridge/event_log/jetstream/jetstream_options.h"

namespace sluice {

// Waits a moment for NATS, and goes on without it when it is away: Health says so then, and
// the log opens when NATS is there. FAILED_PRECONDITION: the stream is there, and contradicts
// the options, which the message names one by one. INVALID_ARGUMENT: an option is wrong.
absl::StatusOr<std::unique_ptr<EventLog>> MakeJetStreamEventLog(JetStreamEventLogOptions options);

}  // namespace sluice
