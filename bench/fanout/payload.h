// What is broadcast: JSON of a fixed size with the event's number in it, marked
// by a byte that stands nowhere else in a stream. To receive is to look for it.
// Event 0 is the one that opens a stream.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace sluice::bench {

inline constexpr char kMark = '~';
inline constexpr size_t kNumberDigits = 8;
inline constexpr size_t kPayloadBytes = 200;

inline std::string MarkedNumber(uint32_t number) {
  return absl::StrCat(std::string(1, kMark), absl::Hex(number, absl::kZeroPad8));
}

// The first that stands whole in `bytes`.
inline std::optional<uint32_t> NumberIn(std::string_view bytes) {
  const size_t at = bytes.find(kMark);
  if (at == bytes.npos || bytes.size() - at - 1 < kNumberDigits) return std::nullopt;
  const char* const digits = bytes.data() + at + 1;
  uint32_t number = 0;
  std::from_chars(digits, digits + kNumberDigits, number, 16);
  return number;
}

inline std::string Payload(uint32_t number) {
  std::string payload = R"({"text":")";
  const std::string end = absl::StrCat(MarkedNumber(number), R"("})");
  payload.resize(kPayloadBytes - end.size(), 'x');
  return payload + end;
}

}  // namespace sluice::bench
