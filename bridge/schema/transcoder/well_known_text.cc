#include "bridge/schema/transcoder/well_known_text.h"

#include <charconv>
#include <chrono>
#include <cstdlib>

#include "absl/strings/ascii.h"

namespace sluice {
namespace {

constexpr int64_t kDurationSecondsMax = 315'576'000'000;
constexpr int64_t kTimestampSecondsMin = -62'135'596'800;  // year 1
constexpr int64_t kTimestampSecondsMax = 253'402'300'799;  // year 9999
constexpr int32_t kNanosMax = 999'999'999;
constexpr int64_t kSecondsOfDay = 24 * 60 * 60;

char* WriteDigits(int64_t number, int count, char* to) {
  for (int i = count; i-- > 0; number /= 10) to[i] = static_cast<char>('0' + number % 10);
  return to + count;
}

// As many thousands as it takes.
char* WriteFraction(int32_t nanos, char* to) {
  if (nanos == 0) return to;
  *to++ = '.';
  if (nanos % 1'000'000 == 0) return WriteDigits(nanos / 1'000'000, 3, to);
  if (nanos % 1'000 == 0) return WriteDigits(nanos / 1'000, 6, to);
  return WriteDigits(nanos, 9, to);
}

}  // namespace

char* WriteTimestamp(int64_t seconds, int32_t nanos, char* to) {
  if (seconds < kTimestampSecondsMin || seconds > kTimestampSecondsMax || nanos < 0 ||
      nanos > kNanosMax) {
    return nullptr;
  }
  int64_t days = seconds / kSecondsOfDay;
  int64_t of_day = seconds % kSecondsOfDay;
  if (of_day < 0) {
    of_day += kSecondsOfDay;
    --days;
  }
  const std::chrono::year_month_day date{
      std::chrono::sys_days{std::chrono::days{static_cast<int>(days)}}};
  *to++ = '"';
  to = WriteDigits(static_cast<int>(date.year()), 4, to);
  *to++ = '-';
  to = WriteDigits(static_cast<unsigned>(date.month()), 2, to);
  *to++ = '-';
  to = WriteDigits(static_cast<unsigned>(date.day()), 2, to);
  *to++ = 'T';
  to = WriteDigits(of_day / 3600, 2, to);
  *to++ = ':';
  to = WriteDigits(of_day / 60 % 60, 2, to);
  *to++ = ':';
  to = WriteDigits(of_day % 60, 2, to);
  to = WriteFraction(nanos, to);
  *to++ = 'Z';
  *to++ = '"';
  return to;
}

char* WriteDuration(int64_t seconds, int32_t nanos, char* to, const char** fault) {
  if (seconds > kDurationSecondsMax || seconds < -kDurationSecondsMax || nanos > kNanosMax ||
      nanos < -kNanosMax) {
    *fault = "a google.protobuf.Duration is out of range";
    return nullptr;
  }
  if ((seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0)) {
    *fault = "a google.protobuf.Duration has seconds and nanos of different signs";
    return nullptr;
  }
  *to++ = '"';
  if (seconds < 0 || nanos < 0) *to++ = '-';
  to = std::to_chars(to, to + 20, std::abs(seconds)).ptr;
  to = WriteFraction(std::abs(nanos), to);
  *to++ = 's';
  *to++ = '"';
  return to;
}

bool AppendMaskPath(std::string_view path, std::string* to) {
  for (size_t i = 0; i < path.size(); ++i) {
    if (path[i] == ',' || absl::ascii_isupper(path[i])) return false;
    if (path[i] != '_') {
      *to += path[i];
      continue;
    }
    if (++i == path.size() || !absl::ascii_islower(path[i])) return false;
    *to += absl::ascii_toupper(path[i]);
  }
  return !path.empty();
}

}  // namespace sluice
