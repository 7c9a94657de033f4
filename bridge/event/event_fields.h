// The bounds of what an event's publisher says of it.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace sluice {

inline constexpr size_t kPublisherIdBytesMax = 128;
inline constexpr size_t kEventTypeBytesMax = 128;

// Printable ASCII: it may become an `id:` line.
absl::Status ValidatePublisherId(std::string_view id);

// Ids that begin so are the bridge's own. It gives them to events whose publisher gave none, so
// that an append that is tried again stores them once. Nobody is shown them, and no publisher
// may give one.
inline constexpr std::string_view kOwnIdPrefix = "sluice:";
inline bool IsOwnId(std::string_view id) { return id.starts_with(kOwnIdPrefix); }

// No CR, LF or NUL: it becomes an `event:` line.
absl::Status ValidateEventType(std::string_view type);

}  // namespace sluice
