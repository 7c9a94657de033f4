// What is broadcast: JSON of a fixed size with the event's number in it, marked
// by a byte that stands nowhere else in a stream. To receive is to look for it.
// Event 0 is the one that opens a stream.
#pragma once

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace sluice::bench {

inline constexpr char kMark = '~';
inline constexpr size_t kNumberDigits = 8;
inline constexpr size_t kPayloadBytes = 200;

inline std::string MarkedNumber(uint32_t number) {
  return absl::StrCat(std::string(1, kMark), absl::Hex(number, absl::kZeroPad8));
}

inline std::string Payload(uint32_t number) {
  std::string payload = R"({"text":")";
  const std::string end = absl::StrCat(MarkedNumber(number), R"("})");
  payload.resize(kPayloadBytes - end.size(), 'x');
  return payload + end;
}

}  // namespace sluice::bench
