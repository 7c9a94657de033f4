// Files that are read whole, up to a bound. No message names the file.
#pragma once

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace sluice {

// RESOURCE_EXHAUSTED says "has more than 1024 bytes", NOT_FOUND as below.
absl::StatusOr<std::string> ReadFile(const std::string& file, size_t bytes_max);

// Its first `bytes_max` bytes, or all that it has. NOT_FOUND says
// "cannot be read: Permission denied".
absl::StatusOr<std::string> ReadFileStart(const std::string& file, size_t bytes_max);

}  // namespace sluice
