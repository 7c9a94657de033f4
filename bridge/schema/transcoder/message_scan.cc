#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/schema/transcoder/message_walk.h"

namespace sluice {
namespace {

// A member of the oneof came after it: what stands before that is overwritten.
constexpr uint32_t kOverwritten = MessagePlan::kNone - 1;

// Inside each other, of those that nobody prints.
constexpr int kUnprintedDepthMax = 1000;

bool IsMessage(const MessagePlan& plan, std::string_view bytes, int depth);

// Of a field that the message has; `bytes` were delimited by a length or as a group.
bool IsValue(const FieldPlan& field, wire::Type type, std::string_view bytes, int depth) {
  if (field.wire == type && field.message != nullptr) {
    return IsMessage(*field.message, bytes, depth + 1);
  }
  if (type != wire::kLength) return true;
  if (field.kind == FieldKind::kString) return IsUtf8(bytes);
  if (!field.packable) return true;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at != nullptr && at < end) at = wire::SkipValue(field.wire, at, end);
  return at != nullptr;
}

// Whether parsers would take it: for what is overwritten, and so never printed.
bool IsMessage(const MessagePlan& plan, std::string_view bytes, int depth) {
  if (depth > kUnprintedDepthMax) return false;
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  while (at < end) {
    uint32_t tag = 0;
    at = wire::ReadTag(at, end, &tag);
    if (at == nullptr) return false;
    const wire::Type type = wire::TypeOf(tag);
    const char* value = at;
    const char* value_end = nullptr;
    if (type == wire::kStartGroup) {
      at = wire::SkipGroup(wire::NumberOf(tag), at, end, &value_end);
    } else if (type == wire::kLength) {
      uint64_t length = 0;
      value = wire::ReadLength(at, end, &length);
      at = value_end = value == nullptr ? nullptr : value + length;
    } else {
      at = wire::SkipValue(type, at, end);
    }
    if (at == nullptr) return false;
    const uint32_t index = plan.IndexOf(wire::NumberOf(tag));
    if (index == MessagePlan::kNone || value_end == nullptr) continue;
    const std::string_view inside(value, static_cast<size_t>(value_end - value));
    if (!IsValue(plan.fields[index], type, inside, depth)) return false;
  }
  return true;
}

}  // namespace

bool MessageWalk::CheckUnprinted(const FieldPlan& field, const Occurrence& value) {
  if (field.kind == FieldKind::kString && !IsUtf8(value.bytes())) return RefuseText(field);
  if (field.message == nullptr || IsMessage(*field.message, value.bytes(), 0)) return true;
  return Refuse(absl::StrCat("the bytes are not a ", field.message->full_name,
                             ", or a string in it is not UTF-8"));
}

struct MessageWalk::ScanState {
  uint32_t last_field = 0;
  bool in_order = true;
  uint64_t oneofs = 0;  // seen, by index modulo 64
  bool oneof_twice = false;
};

// False: it is as if it were of a field that nobody knows.
bool MessageWalk::Take(const FieldPlan& field, wire::Type type, uint64_t value, ScanState* state) {
  if (type != field.wire) {
    if (!field.packable || type != wire::kLength) return false;
  } else if (field.drops_unknown &&
             field.enumeration->Find(static_cast<int32_t>(value)) == nullptr) {
    return false;
  }
  if (field.oneof >= 0) {
    const uint64_t bit = uint64_t{1} << (field.oneof % 64);
    if ((state->oneofs & bit) != 0) state->oneof_twice = true;
    state->oneofs |= bit;
  }
  return true;
}

bool MessageWalk::Scan(const MessagePlan& plan, Range pieces) {
  const uint32_t begin = Top();
  ScanState state;
  for (uint32_t i = pieces.begin; i < pieces.end; ++i) {
    if (!ScanPiece(plan, occurrences_[i].bytes(), &state)) return RefuseBytes(plan);
  }
  if (state.oneof_twice && !DropOverwrittenMembers(plan, begin)) return false;
  if (!state.in_order) {
    // All pieces are parts of one buffer, in its order.
    std::sort(occurrences_.begin() + begin, occurrences_.end(),
              [](const Occurrence& a, const Occurrence& b) {
                return a.field != b.field ? a.field < b.field : a.data < b.data;
              });
  }
  return true;
}

bool MessageWalk::ScanPiece(const MessagePlan& plan, std::string_view bytes, ScanState* state) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  const MessagePlan::Hint* const hints = plan.hints.data();
  uint32_t index = 0;  // the field that came last is likely to come again, or the next one
  while (at < end) {
    uint32_t tag = 0;
    at = wire::ReadTag(at, end, &tag);
    if (at == nullptr) return false;
    bool plain = true;
    uint32_t next = index;
    if (hints[next].tag == tag || hints[++next].tag == tag) {
      plain = hints[next].plain;
    } else {
      next = plan.IndexOf(wire::NumberOf(tag));
      plain = false;
    }
    const wire::Type type = wire::TypeOf(tag);
    const char* data = at;
    uint64_t value = 0;
    if (type == wire::kLength) {
      at = data = wire::ReadLength(at, end, &value);
      if (at == nullptr) return false;
      at += value;
    } else {
      at = wire::ReadValue(tag, at, end, &value);
      if (at == nullptr) return false;
    }
    if (!plain && (next == MessagePlan::kNone || !Take(plan.fields[next], type, value, state))) {
      continue;
    }
    index = next;
    if (index < state->last_field) state->in_order = false;
    state->last_field = index;
    // Written where it stays: a copy would wait for what was just written.
    Occurrence& occurrence = occurrences_.emplace_back();
    occurrence.data = data;
    occurrence.value = value;
    occurrence.field = index;
    occurrence.wire = type;
  }
  return true;
}

// Of each oneof, the member that came last, and of it only what came after every
// other member: those cleared it.
bool MessageWalk::DropOverwrittenMembers(const MessagePlan& plan, uint32_t begin) {
  memory_.oneof_members.assign(plan.oneofs.size(), MessagePlan::kNone);
  for (size_t i = occurrences_.size(); i-- > begin;) {
    Occurrence& occurrence = occurrences_[i];
    const FieldPlan& field = plan.fields[occurrence.field];
    if (field.oneof < 0) continue;
    uint32_t& member = memory_.oneof_members[field.oneof];
    if (member == MessagePlan::kNone) member = occurrence.field;
    if (member == occurrence.field) continue;
    member = kOverwritten;
    if (!CheckUnprinted(field, occurrence)) return false;
    occurrence.field = MessagePlan::kNone;
  }
  const auto dropped = std::remove_if(
      occurrences_.begin() + begin, occurrences_.end(),
      [](const Occurrence& occurrence) { return occurrence.field == MessagePlan::kNone; });
  occurrences_.erase(dropped, occurrences_.end());
  return true;
}

}  // namespace sluice
