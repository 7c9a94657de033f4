// json_util prints, PayloadCheck first proves that it can: see there for what
// goes wrong without it.
#include "bridge/schema/json_transcoder.h"

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"
#include "bridge/schema/payload_check.h"
#include "bridge/schema/raw_json.h"
#include "bridge/schema/schema_registry.h"
#include "bridge/schema/sorted_maps.h"
#include "bridge/schema/value_json.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

constexpr char kTypeUrlPrefix[] = "type.googleapis.com";

pb::util::JsonPrintOptions PrintOptions(const JsonOptions& options) {
  pb::util::JsonPrintOptions print;
  print.always_print_primitive_fields = options.style.print_implicit_fields;
  print.always_print_enums_as_ints = options.style.enums_as_numbers;
  print.preserve_proto_field_names = options.style.proto_field_names;
  return print;
}

// Made anew and in one order: a field that came twice would be printed twice, and
// the same event published again must be the same JSON.
std::string CanonicalBytes(const pb::Message& message) {
  std::string bytes;
  pb::io::StringOutputStream stream(&bytes);
  pb::io::CodedOutputStream out(&stream);
  out.SetSerializationDeterministic(true);
  message.SerializePartialToCodedStream(&out);
  out.Trim();
  return bytes;
}

constexpr char kUnknownType[] = "sluice.v1/unknown_type";

absl::Status CheckLength(const JsonOptions& options, size_t bytes) {
  if (bytes <= options.bytes_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("is longer than ", options.bytes_max, " bytes (limits.payload_bytes)"));
}

absl::StatusOr<std::string> Print(const Schema& schema, const pb::Message& message,
                                  const JsonOptions& options) {
  const std::unique_ptr<pb::util::TypeResolver> resolver(
      pb::util::NewTypeResolverForDescriptorPool(kTypeUrlPrefix, &schema.pool()));
  const std::string type_url =
      absl::StrCat(kTypeUrlPrefix, "/", message.GetDescriptor()->full_name());
  std::string json;
  const pb::util::Status printed = pb::util::BinaryToJsonString(
      resolver.get(), type_url, CanonicalBytes(message), &json, PrintOptions(options));
  if (!printed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("has no JSON form: ", std::string(printed.message())));
  }
  if (absl::Status status = CheckLength(options, json.size()); !status.ok()) return status;
  return json;
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
  if (type == nullptr) return UnknownType(name);
  return FromMessage(*schema, *type, any.value());
}

absl::StatusOr<TypedJson> JsonTranscoder::FromMessage(const Schema& schema, const MessageType& type,
                                                      std::string_view bytes) const {
  const PayloadCheck check(schema, schema.options());
  auto message = check.Parse(*type.descriptor, bytes);
  if (!message.ok()) return message.status();
  if (absl::Status status = check.Check(**message); !status.ok()) return status;
  SortMaps(message->get());
  auto json = Print(schema, **message, schema.options());
  if (!json.ok()) return json.status();
  return TypedJson{type.typing.type, *std::move(json), type.typing.end_of_stream};
}

absl::StatusOr<std::string> JsonTranscoder::FromValue(const pb::Value& value) const {
  if (absl::Status status = PayloadCheck(*registry_->current(), registry_->options()).Check(value);
      !status.ok()) {
    return status;
  }
  std::string json = ValueToJson(value);
  if (absl::Status status = CheckLength(registry_->options(), json.size()); !status.ok())
    return status;
  return json;
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

absl::Status UnknownType(std::string_view full_name) {
  absl::Status status = absl::InvalidArgumentError(
      absl::StrCat("the bridge does not know the type \"", AsAbsl(full_name),
                   "\" (schema.descriptor_sets names the files it reads)"));
  status.SetPayload(kUnknownType, absl::Cord(AsAbsl(full_name)));
  return status;
}

std::optional<std::string> UnknownTypeOf(const absl::Status& status) {
  const absl::optional<absl::Cord> name = status.GetPayload(kUnknownType);
  if (!name) return std::nullopt;
  return std::string(*name);
}

std::string_view MessageNameOf(std::string_view type_url) {
  const size_t slash = type_url.rfind('/');
  return slash == std::string_view::npos ? type_url : type_url.substr(slash + 1);
}

}  // namespace sluice
