// What the starts that a log judges come to, for a log that knows its epoch and its end.
#pragma once

#include "bridge/event_log/event_log.h"

namespace sluice {

// AfterId and Latest as one of the others; those stay. `found`: as in ReadResult, for AfterId.
ReadStart ResolveStart(ReadStart start, Epoch epoch, Offset end, bool* found);

}  // namespace sluice
