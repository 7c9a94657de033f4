// What text from outside may be made of.
#pragma once

#include <cstddef>
#include <string_view>

namespace sluice {

// Well-formed UTF-8 (RFC 3629): no overlong forms, no surrogates.
bool IsUtf8(std::string_view text);

// Length of the well-formed sequence at the front of `text`, which is not empty; 0:
// there is none.
size_t Utf8SequenceLength(std::string_view text);

// U+0000 to U+001F, U+007F, and U+0080 to U+009F (`text` is UTF-8).
bool HasControlCharacter(std::string_view text);

// 0x21 to 0x7E and the space.
bool IsPrintableAscii(std::string_view text);

}  // namespace sluice
