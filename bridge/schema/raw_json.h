// JSON that comes as text: proved to be JSON, then put on one line without
// touching its numbers or strings.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice {

// INVALID_ARGUMENT says at which byte it is no JSON (RFC 8259); RESOURCE_EXHAUSTED
// that it is nested deeper than `depth_max`.
absl::StatusOr<std::string> CompactJson(std::string_view json, uint32_t depth_max);

}  // namespace sluice
