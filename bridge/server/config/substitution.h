// ${NAME} and ${NAME:-default} in the values of a configuration.
#pragma once

#include <map>
#include <set>
#include <string>

#include "absl/status/statusor.h"

namespace sluice {

// Names and values of environment variables.
using Environment = std::map<std::string, std::string>;

// The default stands in for a variable that is unset or empty, as in a shell,
// and is not looked into again. Names in `later`, and those that begin with one of
// them that ends in '.', are left as they are: they are filled in when a frame is
// made. INVALID_ARGUMENT: unset without a default, or
// not closed.
absl::StatusOr<std::string> Substitute(const std::string& text, const Environment& environment,
                                       const std::set<std::string>& later = {});

}  // namespace sluice
