// base64url without padding (RFC 7515, section 2), in its one canonical form: what has
// padding, blanks or stray bits at its end is none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

std::optional<std::string> DecodeBase64Url(std::string_view text);

}  // namespace sluice
