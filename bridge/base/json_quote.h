// A string as JSON text.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

// With its quotes. What is not UTF-8 becomes U+FFFD.
std::string JsonQuote(std::string_view text);

}  // namespace sluice
