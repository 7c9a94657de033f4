#include "bridge/schema/async_api/json_schema.h"

#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using Json = nlohmann::ordered_json;
using Field = pb::FieldDescriptor;

Json Text(const char* format) { return {{"type", "string"}, {"format", format}}; }

Json Digits(bool is_signed) {
  return {{"type", "string"},
          {"format", is_signed ? "int64" : "uint64"},
          {"pattern", is_signed ? "^-?[0-9]+$" : "^[0-9]+$"}};
}

Json Whole(const char* format, int64_t min, int64_t max) {
  return {{"type", "integer"}, {"format", format}, {"minimum", min}, {"maximum", max}};
}

Json Floating() {
  return {{"anyOf", {{{"type", "number"}}, {{"enum", {"NaN", "Infinity", "-Infinity"}}}}}};
}

// Of the types whose JSON is not an object of their fields.
std::optional<Json> WellKnown(const std::string& name) {
  static const std::map<std::string, Json> forms = {
      {"Timestamp", Text("date-time")},
      {"Duration", {{"type", "string"}, {"pattern", "^-?[0-9]+(\\.[0-9]{1,9})?s$"}}},
      {"FieldMask", {{"type", "string"}}},
      {"Struct", {{"type", "object"}}},
      {"Value", Json::object()},
      {"ListValue", {{"type", "array"}}},
      {"Empty", {{"type", "object"}}},
      {"Any", {{"type", "object"}, {"properties", {{"@type", {{"type", "string"}}}}}}},
      {"BoolValue", {{"type", "boolean"}}},
      {"Int32Value", Whole("int32", INT32_MIN, INT32_MAX)},
      {"UInt32Value", Whole("uint32", 0, UINT32_MAX)},
      {"Int64Value", Digits(true)},
      {"UInt64Value", Digits(false)},
      {"FloatValue", Floating()},
      {"DoubleValue", Floating()},
      {"StringValue", {{"type", "string"}}},
      {"BytesValue", {{"type", "string"}, {"contentEncoding", "base64"}}},
  };
  constexpr char kPackage[] = "google.protobuf.";
  if (name.rfind(kPackage, 0) != 0) return std::nullopt;
  const auto form = forms.find(name.substr(sizeof(kPackage) - 1));
  return form == forms.end() ? std::nullopt : std::optional<Json>(form->second);
}

// A reference may not have neighbours, so the comment goes around it.
Json WithComment(Json schema, const std::string& comment) {
  if (comment.empty()) return schema;
  if (schema.contains("$ref")) schema = {{"allOf", Json::array({schema})}};
  schema["description"] = comment;
  return schema;
}

template <typename Described>
std::string Comment(const Described& described) {
  pb::SourceLocation location;
  if (!described.GetSourceLocation(&location)) return "";
  const std::string& text =
      location.leading_comments.empty() ? location.trailing_comments : location.leading_comments;
  // A comment's lines begin with the blank behind its slashes.
  const std::string lines = absl::StrReplaceAll(text, {{"\n ", "\n"}});
  return std::string(absl::StripAsciiWhitespace(lines));
}

}  // namespace

JsonSchemas::JsonSchemas(const JsonOptions& options) : options_(options) {}
JsonSchemas::~JsonSchemas() = default;

Json JsonSchemas::Of(const pb::Descriptor& type) {
  if (auto form = WellKnown(type.full_name())) return *std::move(form);
  if (definitions_.try_emplace(type.full_name()).second) waiting_.push_back(&type);
  return {{"$ref", absl::StrCat("#/components/schemas/", type.full_name())}};
}

Json JsonSchemas::Definition(const pb::Descriptor& type) {
  if (auto form = WellKnown(type.full_name())) return *std::move(form);
  const JsonStyle style = options_.StyleOf(type.full_name());
  Json schema = {{"type", "object"}};
  if (const std::string comment = CommentOf(type); !comment.empty()) {
    schema["description"] = comment;
  }
  Json properties = Json::object();
  Json required = Json::array();
  for (int i = 0; i < type.field_count(); ++i) {
    const Field& field = *type.field(i);
    properties[KeyOf(field)] = Of(field);
    if (field.is_required() || (style.print_implicit_fields && !field.has_presence())) {
      required.push_back(KeyOf(field));
    }
  }
  schema["properties"] = std::move(properties);
  if (!required.empty()) schema["required"] = std::move(required);
  return schema;
}

std::string JsonSchemas::KeyOf(const Field& field) const {
  const JsonStyle style = options_.StyleOf(field.containing_type()->full_name());
  return style.proto_field_names ? field.name() : field.json_name();
}

Json JsonSchemas::Of(const Field& field) {
  Json schema;
  if (field.is_map()) {
    const Field& value = *field.message_type()->map_value();
    schema = {{"type", "object"}, {"additionalProperties", OfValue(value)}};
  } else if (field.is_repeated()) {
    schema = {{"type", "array"}, {"items", OfValue(field)}};
  } else {
    schema = OfValue(field);
  }
  return WithComment(std::move(schema), CommentOf(field));
}

Json JsonSchemas::OfValue(const Field& field) {
  switch (field.type()) {
    case Field::TYPE_BOOL:
      return {{"type", "boolean"}};
    case Field::TYPE_INT32:
    case Field::TYPE_SINT32:
    case Field::TYPE_SFIXED32:
      return Whole("int32", INT32_MIN, INT32_MAX);
    case Field::TYPE_UINT32:
    case Field::TYPE_FIXED32:
      return Whole("uint32", 0, UINT32_MAX);
    case Field::TYPE_INT64:
    case Field::TYPE_SINT64:
    case Field::TYPE_SFIXED64:
      return Digits(true);
    case Field::TYPE_UINT64:
    case Field::TYPE_FIXED64:
      return Digits(false);
    case Field::TYPE_FLOAT:
    case Field::TYPE_DOUBLE:
      return Floating();
    case Field::TYPE_STRING:
      return {{"type", "string"}};
    case Field::TYPE_BYTES:
      return {{"type", "string"}, {"contentEncoding", "base64"}};
    case Field::TYPE_ENUM:
      return OfEnum(*field.enum_type(),
                    options_.StyleOf(field.containing_type()->full_name()).enums_as_numbers);
    case Field::TYPE_MESSAGE:
    case Field::TYPE_GROUP:
      return Of(*field.message_type());
  }
  return Json::object();
}

Json JsonSchemas::OfEnum(const pb::EnumDescriptor& type, bool as_number) const {
  if (type.full_name() == "google.protobuf.NullValue") return {{"type", "null"}};
  if (as_number) return {{"type", "integer"}};
  Json names = Json::array();
  for (int i = 0; i < type.value_count(); ++i) {
    // Of names for one number the first is printed.
    if (type.FindValueByNumber(type.value(i)->number()) == type.value(i)) {
      names.push_back(type.value(i)->name());
    }
  }
  const Json named = {{"type", "string"}, {"enum", std::move(names)}};
  // A number that is not known (yet) is printed as such.
  const bool closed = type.file()->syntax() == pb::FileDescriptor::SYNTAX_PROTO2;
  return closed ? named : Json{{"anyOf", {named, {{"type", "integer"}}}}};
}

Json JsonSchemas::definitions() {
  while (!waiting_.empty()) {
    const pb::Descriptor& type = *waiting_.back();
    waiting_.pop_back();
    definitions_[type.full_name()] = Definition(type);
  }
  // (A Json's own [] would look through all that are there already.)
  Json::object_t all;
  for (const auto& [name, schema] : definitions_) all.emplace_back(name, schema);
  return all;
}

std::string CommentOf(const pb::Descriptor& type) { return Comment(type); }
std::string CommentOf(const Field& field) { return Comment(field); }

}  // namespace sluice
