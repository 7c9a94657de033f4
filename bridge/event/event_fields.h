// The bounds of what an event's publisher says of it.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace sluice {

inline constexpr size_t kPublisherIdBytesMax = 128;
inline constexpr size_t kEventTypeBytesMax = 128;

// Printable ASCII: it may become an `id:` line.
absl::Status ValidatePublisherId(std::string_view id);
// No CR, LF or NUL: it becomes an `event:` line.
absl::Status ValidateEventType(std::string_view type);

}  // namespace sluice
