#include "bridge/schema/json_transcoder.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/schema/raw_json.h"
#include "bridge/schema/schema_registry.h"
#include "bridge/schema/transcoder/json_writer.h"
#include "bridge/schema/transcoder/message_printer.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

constexpr char kTypeOfUnknown[] = "message";

absl::Status CheckLength(const JsonOptions& options, size_t bytes) {
  if (bytes <= options.bytes_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("is longer than ", options.bytes_max, " bytes (limits.payload_bytes)"));
}

absl::StatusOr<TypedJson> UnknownAsBase64(const pb::Any& any, const JsonOptions& options) {
  if (absl::Status status = CheckLength(options, any.value().size()); !status.ok()) return status;
  JsonWriter json;
  json.Write(std::string_view("{\"@type\":"));
  if (!json.String(any.type_url())) return absl::InvalidArgumentError("type_url is not UTF-8");
  json.Write(std::string_view(",\"value\":"));
  json.Base64(any.value());
  json.Write('}');
  if (absl::Status status = CheckLength(options, json.size()); !status.ok()) return status;
  return TypedJson{kTypeOfUnknown, std::string(json.text())};
}

// The set member of the oneof that is the event.
absl::StatusOr<TypedJson> FromOneof(const MessageType& type, std::string_view bytes) {
  const EventTyping& typing = type.typing;
  absl::StatusOr<MemberJson> printed = PrintOneof(*type.plan, typing.oneof, bytes);
  if (!printed.ok()) return printed.status();
  const auto member = std::find_if(
      typing.members.begin(), typing.members.end(),
      [&printed](const auto& known) { return known.field_number == printed->field_number; });
  if (member == typing.members.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("none of the fields of oneof \"", typing.oneof, "\" is set"));
  }
  return TypedJson{member->type, std::move(printed->json),
                   member->end_of_stream || typing.end_of_stream};
}

}  // namespace

JsonTranscoder::JsonTranscoder(std::shared_ptr<const SchemaRegistry> registry)
    : registry_(std::move(registry)) {}
JsonTranscoder::~JsonTranscoder() = default;

absl::StatusOr<TypedJson> JsonTranscoder::FromAny(const pb::Any& any) const {
  const std::string_view name = MessageNameOf(any.type_url());
  if (name.empty()) return absl::InvalidArgumentError("a google.protobuf.Any has no type_url");
  const SchemaPtr schema = registry_->current();
  const MessageType* type = schema->Find(name);
  if (type != nullptr) return FromMessage(*schema, *type, any.value());
  if (schema->options().unknown_types_as_base64) return UnknownAsBase64(any, schema->options());
  return UnknownType(name);
}

absl::StatusOr<TypedJson> JsonTranscoder::FromMessage(const Schema&, const MessageType& type,
                                                      std::string_view bytes) const {
  if (!type.typing.oneof.empty()) return FromOneof(type, bytes);
  absl::StatusOr<std::string> json = PrintMessage(*type.plan, bytes);
  if (!json.ok()) return json.status();
  return TypedJson{type.typing.type, *std::move(json), type.typing.end_of_stream};
}

absl::StatusOr<std::string> JsonTranscoder::FromValue(const pb::Value& value) const {
  const SchemaPtr schema = registry_->current();
  const MessageType* type = schema->Find(pb::Value::descriptor()->full_name());
  if (absl::Status status = CheckLength(schema->options(), value.ByteSizeLong()); !status.ok()) {
    return status;
  }
  return PrintMessage(*type->plan, value.SerializeAsString());
}

absl::StatusOr<std::string> JsonTranscoder::FromRawJson(std::string_view json) const {
  if (absl::Status status = CheckLength(registry_->options(), json.size()); !status.ok())
    return status;
  return CompactJson(json, registry_->options().depth_max);
}

absl::StatusOr<std::string> JsonTranscoder::FromText(std::string_view text) const {
  if (absl::Status status = CheckLength(registry_->options(), text.size()); !status.ok())
    return status;
  if (!IsUtf8(text)) return absl::InvalidArgumentError("is not UTF-8");
  if (text.find('\0') != std::string_view::npos) {
    return absl::InvalidArgumentError("holds a NUL");
  }
  std::string lines;
  lines.reserve(text.size());
  while (true) {
    const size_t end = text.find('\r');
    lines += text.substr(0, end);
    if (end == std::string_view::npos) return lines;
    lines += '\n';
    text.remove_prefix(end + (text.substr(end + 1).starts_with('\n') ? 2 : 1));
  }
}

}  // namespace sluice
