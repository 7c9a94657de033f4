// Floating point numbers as JSON: the shortest digits that read back as the same
// number, laid out as JavaScript does (ECMA-262, Number::toString): 100000 and not
// 1e+05. Negative zero keeps its sign.
#pragma once

#include <cstddef>

namespace sluice {

inline constexpr size_t kNumberBytesMax = 32;

// `number` is finite. Writes at most kNumberBytesMax bytes, answers their end.
char* WriteNumber(double number, char* to);
char* WriteNumber(float number, char* to);

}  // namespace sluice
