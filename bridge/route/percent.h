// Percent-decoding, once (RFC 3986, section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Nothing: a '%' that two hexadecimal digits do not follow.
std::optional<std::string> PercentDecode(std::string_view text);

// The same, where '+' is a space (application/x-www-form-urlencoded).
std::optional<std::string> FormDecode(std::string_view text);

}  // namespace sluice
