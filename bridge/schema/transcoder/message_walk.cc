#include "bridge/schema/transcoder/message_walk.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

constexpr size_t kOccurrencesKept = 16 * 1024;

bool IsMessage(FieldKind kind) { return kind == FieldKind::kMessage || kind == FieldKind::kGroup; }

int64_t ZigZag(uint64_t value) { return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1)); }
int32_t ZigZag32(uint64_t value) {
  const auto low = static_cast<uint32_t>(value);
  return static_cast<int32_t>((low >> 1) ^ (~(low & 1) + 1));
}

// What a field without presence need not say.
bool IsZero(FieldKind kind, uint64_t value) {
  if (value == 0) return true;
  const bool truncated = kind == FieldKind::kInt32 || kind == FieldKind::kUint32 ||
                         kind == FieldKind::kSint32 || kind == FieldKind::kEnum;
  return truncated && static_cast<uint32_t>(value) == 0;
}

}  // namespace

void WalkMemory::Clear() {
  out.Clear();
  if (occurrences.capacity() > kOccurrencesKept) occurrences = {};
  if (map_entries.capacity() > kOccurrencesKept) map_entries = {};
  occurrences.clear();
  map_entries.clear();
}

MessageWalk::MessageWalk(const JsonOptions& options, WalkMemory* memory)
    : options_(options),
      bytes_max_(options.bytes_max),
      out_(memory->out),
      memory_(*memory),
      occurrences_(memory->occurrences) {}

bool MessageWalk::Print(const MessagePlan& plan, std::string_view bytes) {
  occurrences_.push_back({bytes.data(), bytes.size(), 0, wire::kLength});
  return PrintMessage(plan, {0, 1}, 0) && CheckLength();
}

bool MessageWalk::PrintMemberOf(const MessagePlan& plan, uint32_t oneof, std::string_view bytes,
                                uint32_t* number) {
  occurrences_.push_back({bytes.data(), bytes.size(), 0, wire::kLength});
  if (!Scan(plan, {0, 1})) return false;
  Range found{1, Top()};
  *number = 0;
  const auto is_member = [&](uint32_t at) {
    return plan.fields[occurrences_[at].field].oneof == static_cast<int32_t>(oneof);
  };
  while (!found.empty() && !is_member(found.begin)) ++found.begin;
  if (found.empty()) return true;
  while (!is_member(found.end - 1)) --found.end;
  const FieldPlan& field = plan.fields[occurrences_[found.begin].field];
  *number = field.number;
  return PrintValue(field, found, 0) && CheckLength();
}

bool MessageWalk::PrintMessage(const MessagePlan& plan, Range pieces, uint32_t depth) {
  const uint32_t begin = Top();
  if (!Scan(plan, pieces) || !PrintForm(plan, {begin, Top()}, depth)) return false;
  occurrences_.resize(begin);
  return true;
}

bool MessageWalk::PrintForm(const MessagePlan& plan, Range found, uint32_t depth) {
  switch (plan.form) {
    case MessageForm::kObject:
      break;
    case MessageForm::kAny:
      return PrintAny(plan, found, depth);
    case MessageForm::kTimestamp:
      return PrintTimestamp(found);
    case MessageForm::kDuration:
      return PrintDuration(found);
    case MessageForm::kFieldMask:
      return PrintFieldMask(found);
    case MessageForm::kStruct:
      return PrintMap(plan.fields[0], found, depth);
    case MessageForm::kValue:
      return PrintValueKind(plan, found, depth);
    case MessageForm::kListValue:
      return PrintArray(plan.fields[0], found, depth);
    case MessageForm::kWrapper:
      return PrintValue(plan.fields[0], found, depth);
  }
  if (!CheckDepth(depth + 1)) return false;
  const size_t begin = out_.size();
  if (!PrintFields(plan, found, depth + 1)) return false;
  out_.Close(begin, '{', '}');
  return true;
}

bool MessageWalk::PrintFields(const MessagePlan& plan, Range found, uint32_t depth) {
  uint32_t next = 0;
  for (uint32_t i = found.begin; i < found.end;) {
    const uint32_t index = occurrences_[i].field;
    uint32_t after = i + 1;
    while (after < found.end && occurrences_[after].field == index) ++after;
    if (!plan.silent && next < index && !PrintAbsent(plan, next, index)) return false;
    if (!PrintField(plan.fields[index], {i, after}, depth) || !CheckLength()) return false;
    next = index + 1;
    i = after;
  }
  return plan.silent || PrintAbsent(plan, next, static_cast<uint32_t>(plan.fields.size()));
}

bool MessageWalk::PrintAbsent(const MessagePlan& plan, uint32_t from, uint32_t to) {
  for (uint32_t i = from; i < to; ++i) {
    const FieldPlan& field = plan.fields[i];
    if (field.required) {
      return Refuse(absl::StrCat("the bytes are not a ", plan.full_name, ": its required field ",
                                 field.full_name, " is missing"));
    }
    out_.Write(field.implicit);
  }
  return CheckLength();
}

bool MessageWalk::PrintField(const FieldPlan& field, Range found, uint32_t depth) {
  if (field.repeated) return PrintRepeated(field, found, depth);
  if (IsMessage(field.kind)) {
    out_.Write(field.key);
    return PrintMessage(*field.message, found, depth);
  }
  if (found.end - found.begin > 1 && !CheckOverwritten(field, found)) return false;
  const Occurrence& last = occurrences_[found.end - 1];
  if (!field.presence && IsZero(field.kind, last.value)) {
    out_.Write(field.implicit);
    return true;
  }
  out_.Write(field.key);
  return PrintScalar(field, last);
}

bool MessageWalk::PrintRepeated(const FieldPlan& field, Range found, uint32_t depth) {
  const size_t begin = out_.size();
  out_.Write(field.key);
  const size_t value = out_.size();
  if (!(field.map ? PrintMap(field, found, depth) : PrintArray(field, found, depth))) return false;
  constexpr size_t kBrackets = 2;
  if (out_.size() > value + kBrackets) return true;
  out_.CutBackTo(begin);  // what came was empty
  out_.Write(field.implicit);
  return true;
}

bool MessageWalk::PrintArray(const FieldPlan& field, Range found, uint32_t depth) {
  if (!CheckDepth(depth + 1)) return false;
  const size_t begin = out_.size();
  for (uint32_t i = found.begin; i < found.end; ++i) {
    if (occurrences_[i].wire != field.wire) {
      if (!PrintPacked(field, occurrences_[i].bytes())) return false;
    } else {
      out_.Write(',');
      if (!PrintValue(field, {i, i + 1}, depth + 1)) return false;
    }
    if (!CheckLength()) return false;
  }
  out_.Close(begin, '[', ']');
  return true;
}

bool MessageWalk::PrintPacked(const FieldPlan& field, std::string_view bytes) {
  const char* at = bytes.data();
  const char* const end = at + bytes.size();
  Occurrence value{};
  while (at < end) {
    switch (field.wire) {
      case wire::kVarint:
        at = wire::ReadVarint(at, end, &value.value);
        break;
      case wire::kFixed64:
        at = wire::ReadFixed<uint64_t>(at, end, &value.value);
        break;
      default:
        at = wire::ReadFixed<uint32_t>(at, end, &value.value);
        break;
    }
    if (at == nullptr) {
      return Refuse(
          absl::StrCat("the bytes are not the packed numbers of field ", field.full_name));
    }
    if (field.drops_unknown &&
        field.enumeration->Find(static_cast<int32_t>(value.value)) == nullptr) {
      continue;
    }
    out_.Write(',');
    if (!PrintScalar(field, value) || !CheckLength()) return false;
  }
  return true;
}

bool MessageWalk::PrintValue(const FieldPlan& field, Range found, uint32_t depth) {
  if (IsMessage(field.kind)) return PrintMessage(*field.message, found, depth);
  if (found.empty()) {
    return PrintScalar(field, {"", field.default_value, 0, field.wire});
  }
  return CheckOverwritten(field, found) && PrintScalar(field, occurrences_[found.end - 1]);
}

bool MessageWalk::CheckOverwritten(const FieldPlan& field, Range found) {
  if (field.kind != FieldKind::kString) return true;
  for (uint32_t i = found.begin; i + 1 < found.end; ++i) {
    if (!IsUtf8(occurrences_[i].bytes())) return RefuseText(field);
  }
  return true;
}

bool MessageWalk::PrintScalar(const FieldPlan& field, const Occurrence& occurrence) {
  const uint64_t value = occurrence.value;
  switch (field.kind) {
    case FieldKind::kDouble:
      out_.Double(std::bit_cast<double>(value));
      break;
    case FieldKind::kFloat:
      out_.Float(std::bit_cast<float>(static_cast<uint32_t>(value)));
      break;
    case FieldKind::kInt32:
    case FieldKind::kSfixed32:
      out_.Int(static_cast<int32_t>(value));
      break;
    case FieldKind::kInt64:
    case FieldKind::kSfixed64:
      out_.QuotedInt(static_cast<int64_t>(value));
      break;
    case FieldKind::kUint32:
    case FieldKind::kFixed32:
      out_.UInt(static_cast<uint32_t>(value));
      break;
    case FieldKind::kUint64:
    case FieldKind::kFixed64:
      out_.QuotedUInt(value);
      break;
    case FieldKind::kSint32:
      out_.Int(ZigZag32(value));
      break;
    case FieldKind::kSint64:
      out_.QuotedInt(ZigZag(value));
      break;
    case FieldKind::kBool:
      out_.Write(std::string_view(value != 0 ? "true" : "false"));
      break;
    case FieldKind::kEnum:
      PrintEnum(*field.enumeration, static_cast<int32_t>(value));
      break;
    case FieldKind::kString:
      if (!out_.String(occurrence.bytes())) return RefuseText(field);
      break;
    case FieldKind::kBytes:
      out_.Base64(occurrence.bytes());
      break;
    case FieldKind::kMessage:
    case FieldKind::kGroup:
      break;
  }
  return true;
}

void MessageWalk::PrintEnum(const EnumPlan& type, int32_t number) {
  if (type.null_value) return out_.Write(std::string_view("null"));
  const BlockText* name = type.as_numbers ? nullptr : type.Find(number);
  if (name == nullptr) return out_.Int(number);
  out_.Write(*name);
}

bool MessageWalk::Fail(absl::Status status) {
  if (status_.ok()) status_ = std::move(status);
  return false;
}

bool MessageWalk::Refuse(std::string_view why) {
  return Fail(absl::InvalidArgumentError(AsAbsl(why)));
}

bool MessageWalk::RefuseBytes(const MessagePlan& plan) {
  return Refuse(absl::StrCat("the bytes are not a ", plan.full_name));
}

bool MessageWalk::RefuseText(const FieldPlan& field) {
  return Refuse(absl::StrCat("field ", field.full_name, " is not UTF-8"));
}

bool MessageWalk::CheckDepth(uint32_t depth) {
  if (depth <= options_.depth_max) return true;
  return Fail(absl::ResourceExhaustedError(
      absl::StrCat("is nested deeper than ", options_.depth_max, " (limits.json_depth)")));
}

bool MessageWalk::RefuseLength() {
  return Fail(absl::ResourceExhaustedError(absl::StrCat("is longer than ", options_.bytes_max,
                                                        " bytes as JSON (limits.payload_bytes)")));
}

}  // namespace sluice
