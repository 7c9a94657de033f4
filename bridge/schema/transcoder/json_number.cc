#include "bridge/schema/transcoder/json_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace sluice {
namespace {

// Well above where fixed notation ends.
constexpr float kFixedMin = 1e-5;
// The point of a number in fixed notation stands at most so far from its digits.
constexpr int kPointMin = -5;
constexpr int kPointMax = 21;

constexpr size_t kDigitsMax = 17;

struct Decimal {
  char digits[kDigitsMax];
  int count = 0;
  int point = 0;  // the number is 0.DIGITS * 10^point
};

template <typename Float>
Decimal Shortest(Float number) {
  char text[kNumberBytesMax];
  const char* const end =
      std::to_chars(text, text + sizeof text, number, std::chars_format::scientific).ptr;
  Decimal decimal;
  const char* at = text;
  for (; *at != 'e'; ++at) {
    if (*at != '.') decimal.digits[decimal.count++] = *at;
  }
  ++at;
  if (*at == '+') ++at;
  int exponent = 0;
  std::from_chars(at, end, exponent);
  decimal.point = exponent + 1;
  return decimal;
}

char* Append(char* to, const char* from, int count) {
  std::memcpy(to, from, count);
  return to + count;
}

char* AppendZeros(char* to, int count) {
  std::memset(to, '0', count);
  return to + count;
}

char* LayOut(const Decimal& decimal, char* to) {
  const auto& [digits, count, point] = decimal;
  if (point >= count && point <= kPointMax) {
    return AppendZeros(Append(to, digits, count), point - count);
  }
  if (point > 0 && point <= kPointMax) {
    to = Append(to, digits, point);
    *to++ = '.';
    return Append(to, digits + point, count - point);
  }
  if (point >= kPointMin && point <= 0) {
    to = AppendZeros(Append(to, "0.", 2), -point);
    return Append(to, digits, count);
  }
  *to++ = digits[0];
  if (count > 1) {
    *to++ = '.';
    to = Append(to, digits + 1, count - 1);
  }
  *to++ = 'e';
  const int exponent = point - 1;
  *to++ = exponent < 0 ? '-' : '+';
  return std::to_chars(to, to + 4, std::abs(exponent)).ptr;
}

// Null: it takes more than kDecimals digits after the point, or is large. The others,
// which are most numbers that people write, need no search for their shortest digits:
// two decimals of up to 15 digits are never the same double, so one that reads back
// as `number` is the only one.
char* WriteFewDecimals(double number, char* to) {
  constexpr int kDecimals = 8;
  constexpr int64_t kScale = 100'000'000;
  if (number >= 1e15 / kScale) return nullptr;
  const auto scaled = static_cast<int64_t>(number * kScale + 0.5);
  if (static_cast<double>(scaled) / kScale != number) return nullptr;
  to = std::to_chars(to, to + kNumberBytesMax, scaled / kScale).ptr;
  *to++ = '.';
  auto decimals = static_cast<uint32_t>(scaled % kScale);
  int count = kDecimals;
  for (; decimals % 10 == 0; decimals /= 10) --count;
  for (int i = count; i-- > 0; decimals /= 10) to[i] = static_cast<char>('0' + decimals % 10);
  return to + count;
}

// Up to kWholeMax every whole number has digits of its own, which are the shortest.
template <typename Float>
char* Write(Float number, char* to) {
  if (std::signbit(number)) {
    *to++ = '-';
    number = -number;
  }
  constexpr Float kWholeMax = sizeof(Float) == sizeof(double) ? 9007199254740992 : 16777216;
  if (number <= kWholeMax) {
    if (std::trunc(number) == number) {
      return std::to_chars(to, to + kNumberBytesMax, static_cast<int64_t>(number)).ptr;
    }
    if (number >= kFixedMin) {
      if constexpr (sizeof(Float) == sizeof(double)) {
        if (char* end = WriteFewDecimals(number, to); end != nullptr) return end;
      }
      return std::to_chars(to, to + kNumberBytesMax, number, std::chars_format::fixed).ptr;
    }
  }
  return LayOut(Shortest(number), to);
}

}  // namespace

char* WriteNumber(double number, char* to) { return Write(number, to); }
char* WriteNumber(float number, char* to) { return Write(number, to); }

}  // namespace sluice
