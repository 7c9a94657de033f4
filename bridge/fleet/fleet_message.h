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

// Leaves so much of an answer's list that it takes so many bytes at most. (How many there are in
// all is said beside it.)
void ShortenTo(size_t bytes, fleet::v1::Answer* answer);

}  // namespace sluice
