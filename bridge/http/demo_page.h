// The page at `/`: live events in a browser. It is part of the binary.
#pragma once

#include <string_view>

namespace sluice {

std::string_view DemoPage();

}  // namespace sluice
