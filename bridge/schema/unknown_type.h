// A message type that the bridge does not know.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"

namespace sluice {

// INVALID_ARGUMENT, and the full name of the type that is unknown, which
// UnknownTypeOf finds in it.
absl::Status UnknownType(std::string_view full_name);
std::optional<std::string> UnknownTypeOf(const absl::Status& status);

// The name in "type.googleapis.com/acme.v1.Thing".
std::string_view MessageNameOf(std::string_view type_url);

}  // namespace sluice
