#include "bridge/schema/transcoder/json_writer.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "bridge/base/utf8.h"
#include "bridge/schema/transcoder/json_number.h"
#include "bridge/schema/transcoder/wire_reader.h"

namespace sluice {
namespace {

constexpr size_t kFirstCapacity = 4 * 1024;
constexpr size_t kCapacityKept = 1024 * 1024;
constexpr int kWord = sizeof(uint64_t);
constexpr size_t kIntegerBytesMax = 20;
// "\u001f" and the closing quote.
constexpr size_t kEscapeBytesMax = 7;

constexpr uint64_t Repeated(uint8_t byte) { return 0x0101010101010101u * byte; }

// The high bit of every byte that `word` has like `byte`, and perhaps of bytes after
// the first that is.
constexpr uint64_t Equal(uint64_t word, uint8_t byte) {
  const uint64_t difference = word ^ Repeated(byte);
  return (difference - Repeated(1)) & ~difference;
}

// How many of the eight bytes, the lowest first, stand for themselves in a string.
int PlainBytes(uint64_t word) {
  const uint64_t control = (word - Repeated(0x20)) & ~word;
  const uint64_t special = (control | Equal(word, '"') | Equal(word, '\\') | word) & Repeated(0x80);
  return std::countr_zero(special) / 8;
}

// The 1 to 7 bytes at `at`, and zeros, which do not stand for themselves.
uint64_t LoadFew(const char* at, size_t count) {
  const auto byte = [at](size_t i) { return uint64_t{static_cast<uint8_t>(at[i])} << (8 * i); };
  if (count < 4) return byte(0) | byte(count / 2) | byte(count - 1);
  return uint64_t{wire::Load<uint32_t>(at)} | uint64_t{wire::Load<uint32_t>(at + count - 4)}
                                                  << (8 * (count - 4));
}

char* WriteEscape(char c, char* to) {
  constexpr char kHex[] = "0123456789abcdef";
  *to++ = '\\';
  switch (c) {
    case '"':
    case '\\':
      *to++ = c;
      return to;
    case '\b':
      *to++ = 'b';
      return to;
    case '\f':
      *to++ = 'f';
      return to;
    case '\n':
      *to++ = 'n';
      return to;
    case '\r':
      *to++ = 'r';
      return to;
    case '\t':
      *to++ = 't';
      return to;
    default:
      break;
  }
  const auto byte = static_cast<uint8_t>(c);
  std::memcpy(to, "u00", 3);
  to[3] = kHex[byte >> 4];
  to[4] = kHex[byte & 0xf];
  return to + 5;
}

}  // namespace

JsonWriter::JsonWriter()
    : data_(std::make_unique_for_overwrite<char[]>(kFirstCapacity)), capacity_(kFirstCapacity) {}

void JsonWriter::Clear() {
  size_ = 0;
  if (capacity_ > kCapacityKept) *this = JsonWriter();
}

void JsonWriter::Grow(size_t bytes) {
  const size_t capacity = std::max(capacity_ * 2, size_ + bytes);
  auto data = std::make_unique_for_overwrite<char[]>(capacity);
  std::memcpy(data.get(), data_.get(), size_);
  data_ = std::move(data);
  capacity_ = capacity;
}

template <typename Number>
void JsonWriter::Decimal(Number number) {
  char* const to = data_.get() + size_;
  size_ = std::to_chars(to, to + kIntegerBytesMax, number).ptr - data_.get();
}

void JsonWriter::Int(int64_t number) {
  Reserve(kIntegerBytesMax);
  Decimal(number);
}

void JsonWriter::UInt(uint64_t number) {
  Reserve(kIntegerBytesMax);
  Decimal(number);
}

void JsonWriter::QuotedInt(int64_t number) {
  Reserve(kIntegerBytesMax + 2);
  data_[size_++] = '"';
  Decimal(number);
  data_[size_++] = '"';
}

void JsonWriter::QuotedUInt(uint64_t number) {
  Reserve(kIntegerBytesMax + 2);
  data_[size_++] = '"';
  Decimal(number);
  data_[size_++] = '"';
}

template <typename Number>
void JsonWriter::Floating(Number number) {
  if (std::isnan(number)) return Write("\"NaN\"");
  if (std::isinf(number)) return Write(number > 0 ? "\"Infinity\"" : "\"-Infinity\"");
  Reserve(kNumberBytesMax);
  size_ = WriteNumber(number, data_.get() + size_) - data_.get();
}

void JsonWriter::Double(double number) { Floating(number); }
void JsonWriter::Float(float number) { Floating(number); }

void JsonWriter::Base64(std::string_view bytes) {
  static constexpr char kAlphabet[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  Reserve((bytes.size() + 2) / 3 * 4 + 2);
  char* to = data_.get() + size_;
  *to++ = '"';
  const auto put = [&to](uint32_t three, int characters) {
    for (int i = 0; i < 4; ++i) {
      *to++ = i < characters ? kAlphabet[three >> (18 - 6 * i) & 0x3f] : '=';
    }
  };
  const auto byte = [&bytes](size_t i) { return static_cast<uint32_t>(uint8_t(bytes[i])); };
  size_t i = 0;
  for (; i + 3 <= bytes.size(); i += 3) put(byte(i) << 16 | byte(i + 1) << 8 | byte(i + 2), 4);
  if (bytes.size() - i == 2) put(byte(i) << 16 | byte(i + 1) << 8, 3);
  if (bytes.size() - i == 1) put(byte(i) << 16, 2);
  *to++ = '"';
  size_ = to - data_.get();
}

bool JsonWriter::String(std::string_view text) {
  const char* at = text.data();
  const char* const end = at + text.size();
  // There is always room for what is left unescaped, a block more, and one escape.
  Reserve(text.size() + 2 + kWord + kEscapeBytesMax);
  char* to = data_.get() + size_;
  *to++ = '"';
  while (at < end) {
    const auto left = static_cast<size_t>(end - at);
    const uint64_t word = left < sizeof(uint64_t) ? LoadFew(at, left) : wire::Load<uint64_t>(at);
    wire::Store(word, to);
    const int plain = PlainBytes(word);
    at += plain;
    to += plain;
    if (plain == kWord || at == end) continue;
    if (static_cast<uint8_t>(*at) >= 0x80) {
      do {
        const size_t length = Utf8SequenceLength({at, static_cast<size_t>(end - at)});
        if (length == 0) return false;
        for (size_t i = 0; i < length; ++i) *to++ = *at++;
      } while (at < end && static_cast<uint8_t>(*at) >= 0x80);
      continue;
    }
    to = WriteEscape(*at++, to);
    size_ = to - data_.get();
    Reserve(end - at + kWord + kEscapeBytesMax);
    to = data_.get() + size_;
  }
  *to++ = '"';
  size_ = to - data_.get();
  return true;
}

}  // namespace sluice
