// The path of a request as the log may have it.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// Without its query, and without what is one by its looks: clients that encode the '?', or
// leave it out, must not find their token in the log. Empty: `target` is no path.
std::string LoggedPath(std::string_view target);

}  // namespace sluice
