// Topics: what events are published to and subscribers read.
#pragma once

#include <string_view>

#include "absl/status/status.h"

namespace sluice {

inline constexpr size_t kTopicBytesMax = 255;
inline constexpr size_t kTopicSegmentsMax = 8;

// 1 to 8 segments separated by '/', none empty, "." or "..", valid UTF-8
// without control characters, at most 255 bytes.
absl::Status ValidateTopic(std::string_view topic);

// Up to the first '/': "conversation" of "conversation/42".
std::string_view ChannelType(std::string_view topic);

}  // namespace sluice
