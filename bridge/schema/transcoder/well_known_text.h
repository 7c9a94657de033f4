// The text forms of google.protobuf.Timestamp, Duration and FieldMask in JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

inline constexpr size_t kTimeTextBytesMax = 40;

// RFC 3339 in UTC with 0, 3, 6 or 9 digits of a second; with its quotes. Writes at
// most kTimeTextBytesMax bytes, answers their end; null: not between the years 1
// and 9999.
char* WriteTimestamp(int64_t seconds, int32_t nanos, char* to);

// "1.500s", as a Timestamp's. Null: `fault` says why.
char* WriteDuration(int64_t seconds, int32_t nanos, char* to, const char** fault);

// Appends "fooBar" for "foo_bar". False: it would not read back as the same path.
bool AppendMaskPath(std::string_view path, std::string* to);

}  // namespace sluice
