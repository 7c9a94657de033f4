// What travels between the members of a fleet, read as something that anybody may have sent
// who can publish to its subjects.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "sluice/fleet/v1/fleet.pb.h"

namespace sluice {

inline constexpr uint32_t kFleetVersion = 1;
inline constexpr size_t kFleetMessageBytesMax = 1 << 20;

// INVALID_ARGUMENT says what is wrong; FAILED_PRECONDITION: it has another version.
absl::StatusOr<fleet::v1::Message> ReadFleetMessage(std::string_view bytes);

}  // namespace sluice
