#include "bridge/schema/payload_check.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/duration.pb.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/timestamp.pb.h>

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

// Struct spends three levels of messages on one level of JSON.
constexpr int kMessageLevelsPerJsonLevel = 3;

constexpr char kWellKnown[] = "google.protobuf";

constexpr int64_t kDurationSecondsMax = 315'576'000'000;
constexpr int64_t kTimestampSecondsMin = -62'135'596'800;  // year 1
constexpr int64_t kTimestampSecondsMax = 253'402'300'799;  // year 9999

absl::Status Refuse(const std::string& why) { return absl::InvalidArgumentError(why); }

// `message` is of type M, which is compiled in: the factory makes those.
template <typename M>
const M* As(const pb::Message& message) {
  return message.GetDescriptor() == M::descriptor() ? static_cast<const M*>(&message) : nullptr;
}

absl::Status CheckDuration(const pb::Duration& duration) {
  const int64_t s = duration.seconds();
  const int64_t n = duration.nanos();
  if (std::abs(n) > 999'999'999 || s > kDurationSecondsMax || s < -kDurationSecondsMax) {
    return Refuse("a google.protobuf.Duration is out of range");
  }
  if ((s > 0 && n < 0) || (s < 0 && n > 0)) {
    return Refuse("a google.protobuf.Duration has seconds and nanos of different signs");
  }
  return absl::OkStatus();
}

absl::Status CheckTimestamp(const pb::Timestamp& time) {
  if (time.seconds() < kTimestampSecondsMin || time.seconds() > kTimestampSecondsMax ||
      time.nanos() < 0 || time.nanos() > 999'999'999) {
    return Refuse("a google.protobuf.Timestamp is out of range");
  }
  return absl::OkStatus();
}

absl::Status CheckValue(const pb::Value& value) {
  if (value.kind_case() == pb::Value::KIND_NOT_SET) {
    return Refuse("a google.protobuf.Value has no kind (null is null_value)");
  }
  if (value.kind_case() == pb::Value::kNumberValue && !std::isfinite(value.number_value())) {
    return Refuse("a google.protobuf.Value is NaN or Infinity, which JSON cannot say");
  }
  return absl::OkStatus();
}

}  // namespace

// One message's check: how deep its JSON goes and at least how long it will be.
class PayloadCheck::Walk {
 public:
  explicit Walk(const PayloadCheck& check) : check_(check) {}

  // `depth`: of the JSON around it.
  absl::Status Visit(const pb::Message& message, uint32_t depth) {
    if (const auto* duration = As<pb::Duration>(message)) return CheckDuration(*duration);
    if (const auto* time = As<pb::Timestamp>(message)) return CheckTimestamp(*time);
    if (const auto* any = As<pb::Any>(message)) return VisitAny(*any, depth);
    bool braces = true;  // of its own
    if (const auto* value = As<pb::Value>(message)) {
      if (absl::Status status = CheckValue(*value); !status.ok()) return status;
      braces = false;
    }
    if (braces) {
      if (absl::Status status = CheckDepth(++depth); !status.ok()) return status;
    }
    if (absl::Status status = AddBytes(2 + ImplicitBytes(message)); !status.ok()) return status;
    std::vector<const pb::FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    // Struct and ListValue are their one field.
    const bool flat = As<pb::Struct>(message) != nullptr || As<pb::ListValue>(message) != nullptr;
    for (const pb::FieldDescriptor* field : fields) {
      const uint32_t inside = depth + (field->is_repeated() && !flat ? 1 : 0);
      if (absl::Status status = CheckDepth(inside); !status.ok()) return status;
      if (absl::Status status = VisitField(message, field, inside); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status CheckDepth(uint32_t depth) const {
    if (depth <= check_.options_.depth_max) return absl::OkStatus();
    return absl::ResourceExhaustedError(
        absl::StrCat("is nested deeper than ", check_.options_.depth_max, " (limits.json_depth)"));
  }

  absl::Status AddBytes(size_t bytes) {
    bytes_ += bytes;
    if (bytes_ <= check_.options_.bytes_max) return absl::OkStatus();
    return absl::ResourceExhaustedError(absl::StrCat("is longer than ", check_.options_.bytes_max,
                                                     " bytes as JSON (limits.payload_bytes)"));
  }

  // A few bytes on the wire can name many fields that are printed all the same.
  size_t ImplicitBytes(const pb::Message& message) const {
    if (!check_.options_.style.print_implicit_fields) return 0;
    const pb::Descriptor& type = *message.GetDescriptor();
    if (type.file()->package() == kWellKnown) return 0;
    size_t bytes = 0;
    for (int i = 0; i < type.field_count(); ++i) {
      if (!type.field(i)->has_presence()) bytes += type.field(i)->name().size() + 4;
    }
    return bytes;
  }

  absl::Status VisitAny(const pb::Any& any, uint32_t depth) {
    if (any.type_url().empty() && any.value().empty()) return AddBytes(2);
    absl::StatusOr<std::unique_ptr<pb::Message>> inside = check_.Open(any);
    if (!inside.ok()) return inside.status();
    if (absl::Status status = AddBytes(any.type_url().size()); !status.ok()) return status;
    // {"@type": …, its fields}, but {"@type": …, "value": …} for what has a JSON
    // form of its own.
    const bool boxed = (*inside)->GetDescriptor()->file()->package() == kWellKnown;
    if (boxed) ++depth;
    if (absl::Status status = CheckDepth(depth); !status.ok()) return status;
    return Visit(**inside, depth);
  }

  absl::Status VisitField(const pb::Message& message, const pb::FieldDescriptor* field,
                          uint32_t depth) {
    if (!field->is_repeated()) return VisitOne(message, field, -1, depth);
    const int size = message.GetReflection()->FieldSize(message, field);
    for (int i = 0; i < size; ++i) {
      if (absl::Status status = VisitOne(message, field, i, depth); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  // `index` -1: the field is not repeated.
  absl::Status VisitOne(const pb::Message& message, const pb::FieldDescriptor* field, int index,
                        uint32_t depth) {
    const pb::Reflection& reflection = *message.GetReflection();
    if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_MESSAGE) {
      const pb::Message& inside = index < 0 ? reflection.GetMessage(message, field)
                                            : reflection.GetRepeatedMessage(message, field, index);
      // A map's entry is no JSON object of its own.
      return field->is_map() ? VisitEntry(inside, depth) : Visit(inside, depth);
    }
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_STRING) return AddBytes(2);
    std::string scratch;
    const std::string& text =
        index < 0 ? reflection.GetStringReference(message, field, &scratch)
                  : reflection.GetRepeatedStringReference(message, field, index, &scratch);
    // (Of proto2 strings no parser asks it.)
    if (field->type() == pb::FieldDescriptor::TYPE_STRING && !IsUtf8(text)) {
      return Refuse(absl::StrCat("field ", field->full_name(), " is not UTF-8"));
    }
    return AddBytes(text.size() + 3);
  }

  absl::Status VisitEntry(const pb::Message& entry, uint32_t depth) {
    std::vector<const pb::FieldDescriptor*> fields;
    entry.GetReflection()->ListFields(entry, &fields);
    for (const pb::FieldDescriptor* field : fields) {
      if (absl::Status status = VisitOne(entry, field, -1, depth); !status.ok()) return status;
    }
    return AddBytes(4);
  }

  const PayloadCheck& check_;
  size_t bytes_ = 0;
};

PayloadCheck::PayloadCheck(const Schema& schema, const JsonOptions& options)
    : schema_(schema), options_(options), factory_(&schema.pool()) {
  factory_.SetDelegateToGeneratedFactory(true);
}

absl::StatusOr<std::unique_ptr<pb::Message>> PayloadCheck::Open(const pb::Any& any) const {
  const std::string name(MessageNameOf(any.type_url()));
  if (name.empty()) return Refuse("a google.protobuf.Any has no type_url");
  const MessageType* type = schema_.Find(name);
  if (type == nullptr) return UnknownType(name);
  return Parse(*type->descriptor, any.value());
}

absl::StatusOr<std::unique_ptr<pb::Message>> PayloadCheck::Parse(const pb::Descriptor& type,
                                                                 std::string_view bytes) const {
  if (bytes.size() > options_.bytes_max) {
    return absl::ResourceExhaustedError(
        absl::StrCat("is longer than ", options_.bytes_max, " bytes (limits.payload_bytes)"));
  }
  std::unique_ptr<pb::Message> message(factory_.GetPrototype(&type)->New());
  pb::io::CodedInputStream in(reinterpret_cast<const uint8_t*>(bytes.data()),
                              static_cast<int>(bytes.size()));
  in.SetRecursionLimit(kMessageLevelsPerJsonLevel * static_cast<int>(options_.depth_max) + 8);
  if (!message->ParseFromCodedStream(&in) || !in.ConsumedEntireMessage()) {
    return Refuse(
        absl::StrCat("the bytes are not a ", type.full_name(), ", or one nested too deep"));
  }
  return message;
}

absl::Status PayloadCheck::Check(const pb::Message& message) const {
  return Walk(*this).Visit(message, 0);
}

}  // namespace sluice
