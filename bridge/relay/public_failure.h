// What the clients of a failed call may be told.
#pragma once

#include "absl/status/status.h"

namespace sluice {

// The backend's own words, but for two kinds of failure, whose words were not written
// for clients and are for the log. UNKNOWN is what gRPC makes of an exception that
// nobody caught. And before a backend's first word (`started`: it has spoken), that it
// is away is what gRPC found out by itself: its message names addresses.
absl::Status PublicFailure(const absl::Status& status, bool started);

}  // namespace sluice
