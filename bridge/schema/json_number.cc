#include "bridge/schema/json_number.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>

namespace sluice {
namespace {

// Up to here every whole number is one of its own, and printed digit by digit.
constexpr double kWholeMax = 9007199254740992;  // 2^53

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

template <typename Float>
char* Write(Float number, char* to) {
  if (std::signbit(number)) {
    *to++ = '-';
    number = -number;
  }
  if (number <= static_cast<Float>(kWholeMax) && std::trunc(number) == number) {
    // (A float's shortest digits past 2^24 are not all of its own.)
    if (sizeof(Float) == sizeof(double) || number <= 16777216) {
      return std::to_chars(to, to + 20, static_cast<int64_t>(number)).ptr;
    }
  }
  return LayOut(Shortest(number), to);
}

}  // namespace

char* WriteNumber(double number, char* to) { return Write(number, to); }
char* WriteNumber(float number, char* to) { return Write(number, to); }

}  // namespace sluice
