#include <algorithm>

#include "bridge/base/utf8.h"
#include "bridge/schema/message_walk.h"

namespace sluice {
namespace {

// A member of the oneof came after it: what stands before that is overwritten.
constexpr uint32_t kOverwritten = MessagePlan::kNone - 1;

bool Accepts(const FieldPlan& field, const Occurrence& occurrence) {
  if (occurrence.wire != field.wire) {
    return field.packable && occurrence.wire == wire::kLength;
  }
  return !field.drops_unknown ||
         field.enumeration->Find(static_cast<int32_t>(occurrence.value)) != nullptr;
}

}  // namespace

struct MessageWalk::ScanState {
  uint32_t last_field = 0;
  bool in_order = true;
  uint64_t oneofs = 0;  // seen, by index modulo 64
  bool oneof_twice = false;
};

bool MessageWalk::Scan(const MessagePlan& plan, Range pieces, Range* found) {
  const auto begin = static_cast<uint32_t>(occurrences_.size());
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
  *found = {begin, static_cast<uint32_t>(occurrences_.size())};
  return true;
}

bool MessageWalk::ScanPiece(const MessagePlan& plan, std::string_view bytes, ScanState* state) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  const FieldPlan* const fields = plan.fields.data();
  const size_t field_count = plan.fields.size();
  uint32_t guess = 0;  // the field that came last is likely to come again, or the next one
  while (at < end) {
    uint32_t tag = 0;
    at = wire::ReadTag(at, end, &tag);
    if (at == nullptr) return false;
    Occurrence next{at, 0, guess, wire::TypeOf(tag)};
    if (guess >= field_count || fields[guess].tag != tag) {
      ++next.field;
      if (next.field >= field_count || fields[next.field].tag != tag) {
        next.field = plan.IndexOf(wire::NumberOf(tag));
      }
    }
    switch (next.wire) {
      case wire::kVarint:
        at = wire::ReadVarint(at, end, &next.value);
        break;
      case wire::kFixed64:
        at = wire::ReadFixed<uint64_t>(at, end, &next.value);
        break;
      case wire::kFixed32:
        at = wire::ReadFixed<uint32_t>(at, end, &next.value);
        break;
      case wire::kLength:
        at = wire::ReadLength(at, end, &next.value);
        next.data = at;
        if (at != nullptr) at += next.value;
        break;
      case wire::kStartGroup: {
        const char* content_end = at;
        at = wire::SkipGroup(wire::NumberOf(tag), at, end, &content_end);
        next.value = content_end - next.data;
        break;
      }
      default:
        return false;
    }
    if (at == nullptr) return false;
    if (next.field == MessagePlan::kNone) continue;
    const FieldPlan& field = fields[next.field];
    if (!Accepts(field, next)) continue;
    guess = next.field;
    if (next.field < state->last_field) state->in_order = false;
    state->last_field = next.field;
    if (field.oneof >= 0) {
      const uint64_t bit = uint64_t{1} << (field.oneof % 64);
      if ((state->oneofs & bit) != 0) state->oneof_twice = true;
      state->oneofs |= bit;
    }
    occurrences_.push_back(next);
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
    if (field.kind == FieldKind::kString && !IsUtf8(occurrence.bytes())) return RefuseText(field);
    occurrence.field = MessagePlan::kNone;
  }
  const auto dropped = std::remove_if(
      occurrences_.begin() + begin, occurrences_.end(),
      [](const Occurrence& occurrence) { return occurrence.field == MessagePlan::kNone; });
  occurrences_.erase(dropped, occurrences_.end());
  return true;
}

}  // namespace sluice
