// Times as text.
#pragma once

#include <string>

#include "absl/time/time.h"

namespace sluice {

// RFC 3339 in UTC with milliseconds: "2026-01-31T12:00:00.250Z".
std::string Timestamp(absl::Time time);

}  // namespace sluice
