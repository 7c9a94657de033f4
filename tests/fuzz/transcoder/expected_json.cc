#include "tests/fuzz/transcoder/expected_json.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <ctime>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "bridge/base/utf8.h"
#include "tests/fuzz/transcoder/reference_message.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::ordered_json;
using pb::FieldDescriptor;

absl::Status Refuse(absl::string_view why) { return absl::InvalidArgumentError(why); }

template <typename Number>
Json NumberOf(Number number) {
  if (std::isnan(number)) return "NaN";
  if (std::isinf(number)) return number > 0 ? "Infinity" : "-Infinity";
  // The fewest digits that are read as this very number.
  char text[64];
  *std::to_chars(text, std::end(text), number, std::chars_format::scientific).ptr = '\0';
  return std::strtod(text, nullptr);
}

// 0, 3, 6 or 9 digits.
std::string Fraction(int64_t nanos) {
  if (nanos == 0) return "";
  std::string digits = absl::StrFormat(".%09d", nanos);
  while (digits.ends_with("000")) digits.resize(digits.size() - 3);
  return digits;
}

absl::StatusOr<Json> DurationOf(int64_t seconds, int64_t nanos) {
  if (std::abs(seconds) > 315'576'000'000 || std::abs(nanos) > 999'999'999) {
    return Refuse("duration out of range");
  }
  if ((seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0)) return Refuse("mixed signs");
  return absl::StrCat(seconds < 0 || nanos < 0 ? "-" : "", std::abs(seconds),
                      Fraction(std::abs(nanos)), "s");
}

absl::StatusOr<Json> TimestampOf(int64_t seconds, int64_t nanos) {
  if (seconds < -62'135'596'800 || seconds > 253'402'300'799 || nanos < 0 || nanos > 999'999'999) {
    return Refuse("timestamp out of range");
  }
  const std::time_t time = seconds;
  std::tm utc{};
  gmtime_r(&time, &utc);
  return absl::StrFormat("%04d-%02d-%02dT%02d:%02d:%02d%sZ", utc.tm_year + 1900, utc.tm_mon + 1,
                         utc.tm_mday, utc.tm_hour, utc.tm_min, utc.tm_sec, Fraction(nanos));
}

// Snake case that can be had back from camel case.
absl::StatusOr<std::string> PathOf(const std::string& path) {
  if (path.empty()) return Refuse("an empty path");
  std::string camel;
  for (size_t i = 0; i < path.size(); ++i) {
    if (absl::ascii_isupper(path[i]) || path[i] == ',') return Refuse("no path in snake case");
    if (path[i] != '_') {
      camel += path[i];
    } else if (++i < path.size() && absl::ascii_islower(path[i])) {
      camel += absl::ascii_toupper(path[i]);
    } else {
      return Refuse("an underscore without a letter in a path");
    }
  }
  return camel;
}

}  // namespace

class ExpectedJson::Printer {
 public:
  explicit Printer(const ExpectedJson& around) : around_(around) {}

  absl::StatusOr<Json> Print(const pb::Message& message) const {
    if (message.GetDescriptor()->file()->package() == "google.protobuf") {
      const std::string& name = message.GetDescriptor()->name();
      if (name == "Any") return PrintAny(message);
      if (name == "Duration") return DurationOf(Int(message, 1), Int(message, 2));
      if (name == "Timestamp") return TimestampOf(Int(message, 1), Int(message, 2));
      if (name == "FieldMask") return PrintMask(message);
      if (name == "Value") return PrintValue(message);
      if (name == "Struct" || name == "ListValue" || name.ends_with("Value")) {
        return PrintField(message, *message.GetDescriptor()->field(0), {});
      }
    }
    return PrintFields(message);
  }

 private:
  static int64_t Int(const pb::Message& message, int number) {
    const FieldDescriptor* field = message.GetDescriptor()->FindFieldByNumber(number);
    const pb::Reflection& reflection = *message.GetReflection();
    return field->cpp_type() == FieldDescriptor::CPPTYPE_INT32
               ? reflection.GetInt32(message, field)
               : reflection.GetInt64(message, field);
  }

  absl::StatusOr<Json> PrintFields(const pb::Message& message) const {
    const pb::Descriptor& type = *message.GetDescriptor();
    const pb::Reflection& reflection = *message.GetReflection();
    const JsonStyle style = around_.schema_.options().StyleOf(type.full_name());
    std::vector<const FieldDescriptor*> fields;
    for (int i = 0; i < type.field_count(); ++i) fields.push_back(type.field(i));
    std::sort(fields.begin(), fields.end(),
              [](auto* a, auto* b) { return a->number() < b->number(); });
    Json object = Json::object();
    for (const FieldDescriptor* field : fields) {
      const bool there = field->is_repeated() ? reflection.FieldSize(message, field) > 0
                                              : reflection.HasField(message, field);
      if (!there && (field->has_presence() || !style.print_implicit_fields)) continue;
      absl::StatusOr<Json> value = PrintField(message, *field, style);
      if (!value.ok()) return value.status();
      object[style.proto_field_names ? field->name() : field->json_name()] = *std::move(value);
    }
    return object;
  }

  absl::StatusOr<Json> PrintField(const pb::Message& message, const FieldDescriptor& field,
                                  const JsonStyle& style) const {
    if (!field.is_repeated()) return PrintOne(message, field, -1, style);
    Json all = field.is_map() ? Json::object() : Json::array();
    for (int i = 0; i < message.GetReflection()->FieldSize(message, &field); ++i) {
      if (field.is_map()) {
        const pb::Message& entry = message.GetReflection()->GetRepeatedMessage(message, &field, i);
        const FieldDescriptor& value_field = *entry.GetDescriptor()->map_value();
        absl::StatusOr<Json> key = PrintOne(entry, *entry.GetDescriptor()->map_key(), -1, style);
        if (!key.ok()) return key.status();
        absl::StatusOr<Json> value = PrintOne(entry, value_field, -1, style);
        if (!value.ok()) return value.status();
        all[key->is_string() ? key->get<std::string>() : key->dump()] = *std::move(value);
      } else {
        absl::StatusOr<Json> value = PrintOne(message, field, i, style);
        if (!value.ok()) return value.status();
        all.push_back(*std::move(value));
      }
    }
    return all;
  }

  // `index` -1: the field is not repeated.
  absl::StatusOr<Json> PrintOne(const pb::Message& message, const FieldDescriptor& field, int index,
                                const JsonStyle& style) const {
    const pb::Reflection& reflection = *message.GetReflection();
    const auto get = [&](auto single, auto repeated) {
      return index < 0 ? (reflection.*single)(message, &field)
                       : (reflection.*repeated)(message, &field, index);
    };
    using R = pb::Reflection;
    switch (field.cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        return get(&R::GetInt32, &R::GetRepeatedInt32);
      case FieldDescriptor::CPPTYPE_UINT32:
        return get(&R::GetUInt32, &R::GetRepeatedUInt32);
      case FieldDescriptor::CPPTYPE_INT64:
        return std::to_string(get(&R::GetInt64, &R::GetRepeatedInt64));
      case FieldDescriptor::CPPTYPE_UINT64:
        return std::to_string(get(&R::GetUInt64, &R::GetRepeatedUInt64));
      case FieldDescriptor::CPPTYPE_BOOL:
        return get(&R::GetBool, &R::GetRepeatedBool);
      case FieldDescriptor::CPPTYPE_FLOAT:
        return NumberOf(get(&R::GetFloat, &R::GetRepeatedFloat));
      case FieldDescriptor::CPPTYPE_DOUBLE:
        return NumberOf(get(&R::GetDouble, &R::GetRepeatedDouble));
      case FieldDescriptor::CPPTYPE_ENUM:
        return PrintEnum(field, get(&R::GetEnumValue, &R::GetRepeatedEnumValue), style);
      case FieldDescriptor::CPPTYPE_STRING: {
        const std::string text = get(&R::GetString, &R::GetRepeatedString);
        if (field.type() == FieldDescriptor::TYPE_BYTES) return absl::Base64Escape(text);
        if (!IsUtf8(text)) return Refuse("not UTF-8");
        return text;
      }
      case FieldDescriptor::CPPTYPE_MESSAGE:
        break;
    }
    return Print(index < 0 ? reflection.GetMessage(message, &field)
                           : reflection.GetRepeatedMessage(message, &field, index));
  }

  static Json PrintEnum(const FieldDescriptor& field, int number, const JsonStyle& style) {
    if (field.enum_type()->full_name() == "google.protobuf.NullValue") return nullptr;
    const pb::EnumValueDescriptor* value = field.enum_type()->FindValueByNumber(number);
    if (value == nullptr || style.enums_as_numbers) return number;
    return value->name();
  }

  absl::StatusOr<Json> PrintValue(const pb::Message& value) const {
    const pb::Reflection& reflection = *value.GetReflection();
    const FieldDescriptor* kind =
        reflection.GetOneofFieldDescriptor(value, value.GetDescriptor()->oneof_decl(0));
    if (kind == nullptr) return Refuse("a value without a kind");
    if (kind->type() == FieldDescriptor::TYPE_DOUBLE &&
        !std::isfinite(reflection.GetDouble(value, kind))) {
      return Refuse("a value that is no number");
    }
    return PrintOne(value, *kind, -1, {});
  }

  static absl::StatusOr<Json> PrintMask(const pb::Message& mask) {
    const FieldDescriptor* paths = mask.GetDescriptor()->field(0);
    std::string text;
    for (int i = 0; i < mask.GetReflection()->FieldSize(mask, paths); ++i) {
      absl::StatusOr<std::string> path =
          PathOf(mask.GetReflection()->GetRepeatedString(mask, paths, i));
      if (!path.ok()) return path.status();
      absl::StrAppend(&text, i > 0 ? "," : "", *path);
    }
    return text;
  }

  // {"@type": …, its fields}, but {"@type": …, "value": …} for what has a JSON form of
  // its own.
  absl::StatusOr<Json> PrintAny(const pb::Message& any) const {
    const std::string url = any.GetReflection()->GetString(any, any.GetDescriptor()->field(0));
    const std::string bytes = any.GetReflection()->GetString(any, any.GetDescriptor()->field(1));
    if (url.empty() && bytes.empty()) return Json::object();
    const std::vector<std::string> parts = absl::StrSplit(url, '/');
    const MessageType* type = around_.schema_.Find(parts.back());
    if (type == nullptr) return Refuse("an unknown type");
    const auto inside = ReferenceMessage(*around_.factory_.GetPrototype(type->descriptor), bytes);
    if (inside == nullptr) return Refuse("not of its type");
    absl::StatusOr<Json> value = Print(*inside);
    if (!value.ok()) return value;
    Json object = {{"@type", url}};
    if (type->descriptor->file()->package() == "google.protobuf" &&
        type->descriptor->name() != "Empty" &&
        type->descriptor->file()->name() != "google/protobuf/descriptor.proto") {
      object["value"] = *std::move(value);
    } else {
      object.update(*value);
    }
    return object;
  }

  const ExpectedJson& around_;
};

absl::StatusOr<Json> ExpectedJson::Of(const pb::Message& message) const {
  return Printer(*this).Print(message);
}

uint32_t DepthOf(const Json& json) {
  if (!json.is_structured()) return 0;
  uint32_t depth = 0;
  for (const Json& inside : json) depth = std::max(depth, DepthOf(inside));
  return depth + 1;
}

}  // namespace sluice
