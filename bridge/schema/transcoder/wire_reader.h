// The protobuf wire format, piece by piece. Every read is told where the bytes end,
// and answers null for bytes that are not what they should be.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>

namespace sluice::wire {

enum Type : uint8_t {
  kVarint = 0,
  kFixed64 = 1,
  kLength = 2,
  kStartGroup = 3,
  kEndGroup = 4,
  kFixed32 = 5,
};

inline constexpr int kVarintBytesMax = 10;
// Of tags and lengths.
inline constexpr int kShortVarintBytesMax = 5;
// Of groups inside each other that nobody looks at, as other parsers bound them.
inline constexpr size_t kGroupDepthMax = 100;

inline Type TypeOf(uint32_t tag) { return static_cast<Type>(tag & 7); }
inline uint32_t NumberOf(uint32_t tag) { return tag >> 3; }

template <int kBytesMax>
inline const char* ReadLongVarint(const char* at, const char* end, uint64_t* value) {
  uint64_t result = 0;
  for (int i = 0; i < kBytesMax && at < end; ++i) {
    const auto byte = static_cast<uint8_t>(*at++);
    result |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      *value = result;
      return at;
    }
  }
  return nullptr;
}

inline const char* ReadVarint(const char* at, const char* end, uint64_t* value) {
  if (at < end && static_cast<uint8_t>(*at) < 0x80) {
    *value = static_cast<uint8_t>(*at);
    return at + 1;
  }
  return ReadLongVarint<kVarintBytesMax>(at, end, value);
}

inline const char* ReadTag(const char* at, const char* end, uint32_t* tag) {
  uint64_t value = 0;
  if (at < end && static_cast<uint8_t>(*at) < 0x80) {
    value = static_cast<uint8_t>(*at++);
  } else {
    at = ReadLongVarint<kShortVarintBytesMax>(at, end, &value);
    if (at == nullptr || value > std::numeric_limits<uint32_t>::max()) return nullptr;
  }
  *tag = static_cast<uint32_t>(value);
  return NumberOf(*tag) == 0 ? nullptr : at;
}

// The length of what follows, which is all there.
inline const char* ReadLength(const char* at, const char* end, uint64_t* length) {
  if (at < end && static_cast<uint8_t>(*at) < 0x80) {
    *length = static_cast<uint8_t>(*at++);
  } else {
    at = ReadLongVarint<kShortVarintBytesMax>(at, end, length);
    if (at == nullptr) return nullptr;
  }
  return *length > static_cast<uint64_t>(end - at) ? nullptr : at;
}

// Little-endian, like the wire.
template <typename T>
inline T LittleEndian(T value) {
  if constexpr (std::endian::native == std::endian::little) return value;
  if constexpr (sizeof value == 8) return static_cast<T>(__builtin_bswap64(value));
  return static_cast<T>(__builtin_bswap32(static_cast<uint32_t>(value)));
}

template <typename T>
inline T Load(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return LittleEndian(value);
}

template <typename T>
inline void Store(T value, char* to) {
  value = LittleEndian(value);
  std::memcpy(to, &value, sizeof value);
}

template <typename T>
inline const char* ReadFixed(const char* at, const char* end, uint64_t* value) {
  if (static_cast<size_t>(end - at) < sizeof(T)) return nullptr;
  *value = Load<T>(at);
  return at + sizeof(T);
}

// Past the value of a field that is no group.
inline const char* SkipValue(Type type, const char* at, const char* end) {
  uint64_t value = 0;
  switch (type) {
    case kVarint:
      return ReadVarint(at, end, &value);
    case kFixed64:
      return ReadFixed<uint64_t>(at, end, &value);
    case kLength:
      at = ReadLength(at, end, &value);
      return at == nullptr ? nullptr : at + value;
    case kFixed32:
      return ReadFixed<uint32_t>(at, end, &value);
    default:
      return nullptr;
  }
}

// Past the end tag of the group `number`, whose start tag was read; `content_end`
// is where that tag begins.
inline const char* SkipGroup(uint32_t number, const char* at, const char* end,
                             const char** content_end) {
  uint32_t open[kGroupDepthMax];
  size_t depth = 0;
  open[depth++] = number;
  while (true) {
    *content_end = at;
    uint32_t tag = 0;
    at = ReadTag(at, end, &tag);
    if (at == nullptr) return nullptr;
    if (TypeOf(tag) == kStartGroup) {
      if (depth == kGroupDepthMax) return nullptr;
      open[depth++] = NumberOf(tag);
    } else if (TypeOf(tag) == kEndGroup) {
      if (open[--depth] != NumberOf(tag)) return nullptr;
      if (depth == 0) return at;
    } else {
      at = SkipValue(TypeOf(tag), at, end);
      if (at == nullptr) return nullptr;
    }
  }
}

// Past a value that has no length in front. `value`: the number, or how many bytes the
// group has up to its end tag.
inline const char* ReadValue(uint32_t tag, const char* at, const char* end, uint64_t* value) {
  switch (TypeOf(tag)) {
    case kVarint:
      return ReadVarint(at, end, value);
    case kFixed64:
      return ReadFixed<uint64_t>(at, end, value);
    case kFixed32:
      return ReadFixed<uint32_t>(at, end, value);
    case kStartGroup: {
      const char* content_end = at;
      const char* const after = SkipGroup(NumberOf(tag), at, end, &content_end);
      *value = content_end - at;
      return after;
    }
    default:
      return nullptr;
  }
}

}  // namespace sluice::wire
