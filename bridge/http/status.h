// The HTTP status codes the bridge answers with (RFC 9110, section 15).
#pragma once

#include <string_view>

namespace sluice {

std::string_view StatusTitle(int status);

}  // namespace sluice
