// The messages that have a JSON form of their own.
#include <bit>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/schema/transcoder/message_plan.h"
#include "bridge/schema/transcoder/message_walk.h"
#include "bridge/schema/transcoder/well_known_text.h"
#include "bridge/schema/unknown_type.h"

namespace sluice {
namespace {

// Indices of fields.
enum AnyField : uint32_t { kTypeUrl, kContent };
enum TimeField : uint32_t { kSeconds, kNanos };
enum ValueField : uint32_t { kNull, kNumber };

}  // namespace

const Occurrence* MessageWalk::LastOf(Range found, uint32_t field) const {
  while (!found.empty() && occurrences_[found.end - 1].field != field) --found.end;
  return found.empty() ? nullptr : &occurrences_[found.end - 1];
}

uint64_t MessageWalk::NumberOf(Range found, uint32_t field) const {
  const Occurrence* last = LastOf(found, field);
  return last == nullptr ? 0 : last->value;
}

bool MessageWalk::PrintAny(const MessagePlan& plan, Range found, uint32_t depth) {
  if (!CheckDepth(depth + 1)) return false;
  const Occurrence* const url = LastOf(found, kTypeUrl);
  if (url != nullptr) {
    const auto at = static_cast<uint32_t>(url - occurrences_.data());
    if (!CheckOverwritten(plan.fields[kTypeUrl], {found.begin, at + 1})) return false;
  }
  const Occurrence* const value = LastOf(found, kContent);
  Range content;
  if (value != nullptr) {
    const auto at = static_cast<uint32_t>(value - occurrences_.data());
    content = {at, at + 1};
  }
  const std::string_view type_url = url == nullptr ? std::string_view() : url->bytes();
  const std::string_view name = MessageNameOf(type_url);
  const size_t begin = out_.size();
  if (!type_url.empty() || (value != nullptr && value->value > 0)) {
    if (name.empty()) return Refuse("a google.protobuf.Any has no type_url");
    out_.Write(std::string_view(",\"@type\":"));
    if (!out_.String(type_url)) return RefuseText(plan.fields[kTypeUrl]);
    const MessagePlan* type = plan.plans->Find(name);
    if (type != nullptr) {
      if (!PrintAnyContent(*type, content, depth + 1)) return false;
    } else if (options_.unknown_types_as_base64) {
      out_.Write(std::string_view(",\"value\":"));
      out_.Base64(value == nullptr ? std::string_view() : value->bytes());
    } else {
      return Fail(UnknownType(name));
    }
  }
  out_.Close(begin, '{', '}');
  return true;
}

// Its fields beside "@type"; or "value", which is whatever JSON it has of its own.
bool MessageWalk::PrintAnyContent(const MessagePlan& type, Range content, uint32_t depth) {
  if (type.form != MessageForm::kObject) {
    out_.Write(std::string_view(",\"value\":"));
    return PrintMessage(type, content, depth);
  }
  const uint32_t begin = Top();
  if (!Scan(type, content) || !PrintFields(type, {begin, Top()}, depth)) return false;
  occurrences_.resize(begin);
  return true;
}

bool MessageWalk::PrintTimestamp(Range found) {
  char text[kTimeTextBytesMax];
  const char* end = WriteTimestamp(static_cast<int64_t>(NumberOf(found, kSeconds)),
                                   static_cast<int32_t>(NumberOf(found, kNanos)), text);
  if (end == nullptr) return Refuse("a google.protobuf.Timestamp is out of range");
  out_.Write(std::string_view(text, end));
  return true;
}

bool MessageWalk::PrintDuration(Range found) {
  char text[kTimeTextBytesMax];
  const char* fault = nullptr;
  const char* end = WriteDuration(static_cast<int64_t>(NumberOf(found, kSeconds)),
                                  static_cast<int32_t>(NumberOf(found, kNanos)), text, &fault);
  if (end == nullptr) return Refuse(fault);
  out_.Write(std::string_view(text, end));
  return true;
}

bool MessageWalk::PrintFieldMask(Range found) {
  std::string& paths = memory_.mask_paths;
  paths.clear();
  for (uint32_t i = found.begin; i < found.end; ++i) {
    if (i > found.begin) paths += ',';
    if (!AppendMaskPath(occurrences_[i].bytes(), &paths)) {
      return Refuse("a google.protobuf.FieldMask has a path that JSON cannot say");
    }
  }
  if (!out_.String(paths)) return Refuse("a google.protobuf.FieldMask is not UTF-8");
  return true;
}

bool MessageWalk::PrintValueKind(const MessagePlan& plan, Range found, uint32_t depth) {
  if (found.empty()) return Refuse("a google.protobuf.Value has no kind (null is null_value)");
  const uint32_t kind = occurrences_[found.begin].field;
  if (kind == kNumber && !std::isfinite(std::bit_cast<double>(occurrences_[found.end - 1].value))) {
    return Refuse("a google.protobuf.Value is NaN or Infinity, which JSON cannot say");
  }
  return PrintValue(plan.fields[kind], found, depth);
}

}  // namespace sluice
