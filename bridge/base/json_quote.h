// A string as JSON text.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// With its quotes. What is not UTF-8 becomes U+FFFD.
std::string JsonQuote(std::string_view text);
// Without them: to stand inside a JSON string.
std::string JsonInner(std::string_view text);

}  // namespace sluice
