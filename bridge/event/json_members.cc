#include "bridge/event/json_members.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace sluice {
namespace {

constexpr size_t kNone = std::string_view::npos;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// Takes the four digits of a \u escape; -1: they are none.
int TakeUnit(std::string_view* digits) {
  if (digits->size() < 4) return -1;
  int unit = 0;
  for (const char c : digits->substr(0, 4)) {
    const int digit = HexDigit(c);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  digits->remove_prefix(4);
  return unit;
}

// One character decoded from an escape, as UTF-8.
struct Decoded {
  std::array<char, 4> bytes;
  size_t size = 0;  // 0: it is no escape

  std::string_view text() const { return {bytes.data(), size}; }
};

Decoded Utf8Of(uint32_t code) {
  const auto tail = [code](int shift) {
    return static_cast<char>(0x80 | ((code >> shift) & 0x3f));
  };
  if (code < 0x80) return {{static_cast<char>(code)}, 1};
  if (code < 0x800) return {{static_cast<char>(0xc0 | (code >> 6)), tail(0)}, 2};
  if (code < 0x10000) return {{static_cast<char>(0xe0 | (code >> 12)), tail(6), tail(0)}, 3};
  return {{static_cast<char>(0xf0 | (code >> 18)), tail(12), tail(6), tail(0)}, 4};
}

// Takes what follows a backslash.
Decoded TakeEscape(std::string_view* rest) {
  constexpr std::string_view kLetters = "\"\\/bfnrt";
  constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
  if (rest->empty()) return {};
  const char letter = rest->front();
  rest->remove_prefix(1);
  if (const size_t at = kLetters.find(letter); at != kNone) return {{kMeanings[at]}, 1};
  if (letter != 'u') return {};
  const int unit = TakeUnit(rest);
  if (unit < 0) return {};
  if (unit < 0xd800 || unit > 0xdfff) return Utf8Of(static_cast<uint32_t>(unit));
  if (unit > 0xdbff || !rest->starts_with("\\u")) return {};  // half a character
  rest->remove_prefix(2);
  const int low = TakeUnit(rest);
  if (low < 0xdc00 || low > 0xdfff) return {};
  return Utf8Of(0x10000u + (static_cast<uint32_t>(unit - 0xd800) << 10) +
                static_cast<uint32_t>(low - 0xdc00));
}

}  // namespace

size_t JsonStringEnd(std::string_view json, size_t from) {
  for (size_t i = from + 1; (i = json.find_first_of("\"\\", i)) != kNone; i += 2) {
    if (json[i] == '"') return i + 1;
  }
  return kNone;
}

size_t JsonValueEnd(std::string_view json, size_t from) {
  size_t depth = 0;
  for (size_t i = from; i < json.size();) {
    switch (json[i]) {
      case '"':
        i = JsonStringEnd(json, i);
        if (i == kNone) return kNone;
        continue;
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (depth == 0) return i;
        --depth;
        break;
      case ',':
        if (depth == 0) return i;
        break;
      default:
        break;
    }
    ++i;
  }
  return kNone;
}

JsonMembers::JsonMembers(std::string_view json)
    : rest_(json), is_object_(json.size() >= 2 && json.front() == '{' && json.back() == '}') {
  if (is_object_) rest_.remove_prefix(1);
}

std::optional<JsonMember> JsonMembers::Next() {
  if (!is_object_ || rest_.empty() || rest_.front() != '"') return std::nullopt;
  const size_t key_end = JsonStringEnd(rest_, 0);
  if (key_end == kNone || key_end >= rest_.size() || rest_[key_end] != ':') return std::nullopt;
  const size_t value_end = JsonValueEnd(rest_, key_end + 1);
  if (value_end == kNone) return std::nullopt;
  const JsonMember member{rest_.substr(1, key_end - 2),
                          rest_.substr(key_end + 1, value_end - key_end - 1)};
  rest_.remove_prefix(value_end + 1);
  return member;
}

bool JsonStringMeans(std::string_view inside, std::string_view text) {
  for (;;) {
    const size_t plain = inside.find('\\');
    if (plain == kNone) return inside == text;
    if (!text.starts_with(inside.substr(0, plain))) return false;
    text.remove_prefix(plain);
    inside.remove_prefix(plain + 1);
    const Decoded decoded = TakeEscape(&inside);
    if (decoded.size == 0 || !text.starts_with(decoded.text())) return false;
    text.remove_prefix(decoded.size);
  }
}

std::optional<std::string_view> FindJsonMember(std::string_view json, std::string_view name) {
  std::optional<std::string_view> value;
  JsonMembers members(json);
  while (const auto member = members.Next()) {
    if (JsonStringMeans(member->key, name)) value = member->value;
  }
  return value;
}

}  // namespace sluice
