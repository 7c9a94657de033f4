#include "bridge/event/event_id.h"

#include <array>
#include <charconv>

namespace sluice {
namespace {

constexpr std::string_view kEndSuffix = ".end";
constexpr size_t kEpochDigits = 16;

}  // namespace

size_t WriteEventId(const EventId& id, char* out) {
  static constexpr char kHex[] = "0123456789abcdef";
  for (size_t i = 0; i < kEpochDigits; ++i) {
    out[i] = kHex[(id.epoch >> (4 * (kEpochDigits - 1 - i))) & 0xf];
  }
  out[kEpochDigits] = '-';
  char* end = std::to_chars(out + kEpochDigits + 1, out + kEventIdBytesMax, id.offset).ptr;
  if (id.end) end += kEndSuffix.copy(end, kEndSuffix.size());
  return static_cast<size_t>(end - out);
}

std::string FormatEventId(const EventId& id) {
  std::array<char, kEventIdBytesMax> buffer;
  return std::string(buffer.data(), WriteEventId(id, buffer.data()));
}

std::optional<EventId> ParseEventId(std::string_view text) {
  EventId id;
  if (text.ends_with(kEndSuffix)) {
    id.end = true;
    text.remove_suffix(kEndSuffix.size());
  }
  if (text.size() < kEpochDigits + 2 || text[kEpochDigits] != '-') return std::nullopt;
  const char* dash = text.data() + kEpochDigits;
  const auto epoch = std::from_chars(text.data(), dash, id.epoch, 16);
  if (epoch.ec != std::errc() || epoch.ptr != dash) return std::nullopt;
  const char* last = text.data() + text.size();
  const auto offset = std::from_chars(dash + 1, last, id.offset, 10);
  if (offset.ec != std::errc() || offset.ptr != last) return std::nullopt;
  // One spelling for each id: what we would write, we accept.
  std::array<char, kEventIdBytesMax> canonical;
  const size_t size = WriteEventId({id.epoch, id.offset, false}, canonical.data());
  if (text != std::string_view(canonical.data(), size)) return std::nullopt;
  return id;
}

}  // namespace sluice
