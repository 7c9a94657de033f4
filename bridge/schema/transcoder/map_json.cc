// Maps: in the order of their keys, so that the same event published again is the
// same JSON (Go writes maps in another order each time); each key once, the last
// entry that has it.
#include <algorithm>

#include "bridge/schema/transcoder/message_walk.h"

namespace sluice {
namespace {

// Of an entry.
constexpr uint32_t kKey = 0;
constexpr uint32_t kValue = 1;

// Makes unsigned order the order of signed numbers, and back.
constexpr uint64_t kSignBit = uint64_t{1} << 63;

// The number on the wire as the one to sort by.
uint64_t SortKey(FieldKind kind, uint64_t value) {
  const auto zigzag = [](uint64_t number) { return (number >> 1) ^ (~(number & 1) + 1); };
  switch (kind) {
    case FieldKind::kBool:
      return value != 0 ? 1 : 0;
    case FieldKind::kUint32:
    case FieldKind::kFixed32:
      return static_cast<uint32_t>(value);
    case FieldKind::kInt32:
    case FieldKind::kSfixed32:
      return static_cast<uint64_t>(int64_t{static_cast<int32_t>(value)}) ^ kSignBit;
    case FieldKind::kSint32:
      return zigzag(static_cast<uint32_t>(value)) ^ kSignBit;
    case FieldKind::kInt64:
    case FieldKind::kSfixed64:
      return value ^ kSignBit;
    case FieldKind::kSint64:
      return zigzag(value) ^ kSignBit;
    default:
      return value;
  }
}

// Of a text: its first bytes as a number, whose order is theirs.
uint64_t SortKey(std::string_view text) {
  uint64_t key = 0;
  for (size_t i = 0; i < sizeof key; ++i) {
    key = key << 8 | (i < text.size() ? static_cast<uint8_t>(text[i]) : 0);
  }
  return key;
}

// (Numbers have no text.)
int Compare(const MapEntry& a, const MapEntry& b) {
  if (a.key != b.key) return a.key < b.key ? -1 : 1;
  return std::string_view(a.text, a.text_size).compare({b.text, b.text_size});
}

bool Before(const MapEntry& a, const MapEntry& b) {
  const int order = Compare(a, b);
  return order != 0 ? order < 0 : a.order < b.order;
}

}  // namespace

bool MessageWalk::PrintMap(const FieldPlan& field, Range found, uint32_t depth) {
  if (!CheckDepth(depth + 1)) return false;
  const MessagePlan& entry_plan = *field.message;
  const size_t first_occurrence = occurrences_.size();
  const size_t first = memory_.map_entries.size();
  for (uint32_t i = found.begin; i < found.end; ++i) {
    if (!TakeMapEntry(entry_plan, i)) return false;
  }
  std::sort(memory_.map_entries.begin() + first, memory_.map_entries.end(), Before);
  const FieldPlan& value = entry_plan.fields[kValue];
  const size_t begin = out_.size();
  const size_t end = memory_.map_entries.size();
  for (size_t i = first; i < end; ++i) {
    const MapEntry entry = memory_.map_entries[i];  // (the stack moves)
    if (i + 1 < end && Compare(entry, memory_.map_entries[i + 1]) == 0) {
      // (Also of the last of them: another entry overwrites it.)
      for (uint32_t at = entry.values.begin; at < entry.values.end; ++at) {
        if (!CheckUnprinted(value, occurrences_[at])) return false;
      }
      continue;
    }
    if (!PrintMapKey(entry_plan.fields[kKey], entry)) return false;
    if (!PrintValue(value, entry.values, depth + 1) || !CheckLength()) return false;
  }
  out_.Close(begin, '{', '}');
  memory_.map_entries.resize(first);
  occurrences_.resize(first_occurrence);
  return true;
}

// Puts the entry on the stack, and leaves its values on theirs.
bool MessageWalk::TakeMapEntry(const MessagePlan& plan, uint32_t at) {
  const uint32_t begin = Top();
  if (!Scan(plan, {at, at + 1})) return false;
  MapEntry entry;
  entry.order = at;
  entry.values = {begin, Top()};
  while (!entry.values.empty() && occurrences_[entry.values.begin].field == kKey) {
    ++entry.values.begin;
  }
  if (!CheckOverwritten(plan.fields[kKey], {begin, entry.values.begin})) return false;
  const FieldKind key_kind = plan.fields[kKey].kind;
  Occurrence key{"", 0, kKey, wire::kLength};
  if (entry.values.begin > begin) key = occurrences_[entry.values.begin - 1];
  if (key_kind == FieldKind::kString) {
    entry.text = key.data;
    entry.text_size = static_cast<uint32_t>(key.value);
    entry.key = SortKey(key.bytes());
  } else {
    entry.key = SortKey(key_kind, key.value);
  }

  const FieldPlan& value = plan.fields[kValue];
  const bool closed = value.kind == FieldKind::kEnum && value.enumeration->closed;
  if (closed && !entry.values.empty()) {
    const auto number = static_cast<int32_t>(occurrences_[entry.values.end - 1].value);
    if (value.enumeration->Find(number) == nullptr) return true;  // as an unknown field
  }
  memory_.map_entries.push_back(entry);
  return true;
}

bool MessageWalk::PrintMapKey(const FieldPlan& key, const MapEntry& entry) {
  out_.Write(',');
  switch (key.kind) {
    case FieldKind::kString:
      if (!out_.String({entry.text, entry.text_size})) return RefuseText(key);
      break;
    case FieldKind::kBool:
      out_.Write(std::string_view(entry.key != 0 ? "\"true\"" : "\"false\""));
      break;
    case FieldKind::kUint32:
    case FieldKind::kUint64:
    case FieldKind::kFixed32:
    case FieldKind::kFixed64:
      out_.QuotedUInt(entry.key);
      break;
    default:
      out_.QuotedInt(static_cast<int64_t>(entry.key ^ kSignBit));
      break;
  }
  out_.Write(':');
  return true;
}

}  // namespace sluice
