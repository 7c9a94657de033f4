// The events that the bridge itself ends a called stream with.
#pragma once

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/event/event.h"
#include "bridge/route/call_policy.h"

namespace sluice {

// `event` filled with how a call ended: it ends the stream, and has no topic yet.
// ${code} is the status code's name ("UNAVAILABLE"), ${message} its message, ${now}
// the time as RFC 3339.
Event FromTemplate(const EventTemplate& event, const absl::Status& status, absl::Time now);

}  // namespace sluice
