// What the clients of a failed call may be told.
#pragma once

#include "absl/status/status.h"

namespace sluice {

// Before a backend's first word, that it is away is what gRPC found out by itself, and
// its message names addresses: they are for the log. `started`: the backend has spoken.
absl::Status PublicFailure(const absl::Status& status, bool started);

}  // namespace sluice
