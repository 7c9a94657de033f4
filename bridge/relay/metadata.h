// What goes along with a call as gRPC metadata.
#pragma once

#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice {

// Who the caller is. The bridge alone says so: who could set it could be anybody.
inline constexpr char kSubjectKey[] = "sluice-subject";

// INVALID_ARGUMENT: no lower-case name, or one that belongs to gRPC or to HTTP/2
// itself.
absl::Status CheckMetadataKey(std::string_view key);

// The value of `key` as gRPC takes it: printable ASCII as it is, what base64 means
// where the key ends in "-bin". INVALID_ARGUMENT: it is neither.
absl::StatusOr<std::string> MetadataValue(std::string_view key, std::string_view text);

// Whether gRPC takes this pair; it ends the process at one that it does not.
bool IsMetadata(std::string_view key, std::string_view value);

}  // namespace sluice
