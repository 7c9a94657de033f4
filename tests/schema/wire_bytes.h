// Wire bytes by hand, in whatever order and form a test needs.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice {

inline std::string Varint(uint64_t value) {
  std::string bytes;
  for (; value > 0x7f; value >>= 7) bytes += static_cast<char>(value | 0x80);
  return bytes + static_cast<char>(value);
}

inline std::string Tag(uint32_t field, uint32_t wire_type) {
  return Varint(field << 3 | wire_type);
}

inline std::string FixedBytes(uint64_t value, size_t bytes) {
  std::string fixed;
  for (size_t i = 0; i < bytes; ++i) fixed += static_cast<char>(value >> (8 * i));
  return fixed;
}

// A field with its tag.
inline std::string Number(uint32_t field, uint64_t value) { return Tag(field, 0) + Varint(value); }
inline std::string Fixed64(uint32_t field, uint64_t value) {
  return Tag(field, 1) + FixedBytes(value, 8);
}
inline std::string Fixed32(uint32_t field, uint32_t value) {
  return Tag(field, 5) + FixedBytes(value, 4);
}
inline std::string Double(uint32_t field, double value) {
  return Fixed64(field, std::bit_cast<uint64_t>(value));
}
inline std::string Float(uint32_t field, float value) {
  return Fixed32(field, std::bit_cast<uint32_t>(value));
}
// A string, bytes, a message, or packed values.
inline std::string Bytes(uint32_t field, std::string_view bytes) {
  return Tag(field, 2) + Varint(bytes.size()) + std::string(bytes);
}
inline std::string Group(uint32_t field, std::string_view inside) {
  return Tag(field, 3) + std::string(inside) + Tag(field, 4);
}

}  // namespace sluice
