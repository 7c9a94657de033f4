// Attributes: what events carry for routes and authorizers to filter on.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"

namespace sluice {

// Sorted by key.
using Attributes = std::vector<std::pair<std::string, std::string>>;

inline constexpr int kAttributesMax = 16;
inline constexpr size_t kAttributeKeyBytesMax = 64;
inline constexpr size_t kAttributeValueBytesMax = 256;

// The bounds of an event's attributes, which hold for what filters on them too.
absl::Status ValidateAttributeCount(int count);
absl::Status ValidateAttribute(std::string_view key, std::string_view value);

}  // namespace sluice
