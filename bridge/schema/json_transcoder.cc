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

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"
#include "bridge/schema/payload_check.h"
#include "bridge/schema/raw_json.h"
#include "bridge/schema/sorted_maps.h"
#include "bridge/schema/value_json.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

constexpr char kTypeUrlPrefix[] = "type.googleapis.com";

pb::util::JsonPrintOptions PrintOptions(const JsonOptions& options) {
  pb::util::JsonPrintOptions print;
  print.always_print_primitive_fields = options.print_implicit_fields;
  print.always_print_enums_as_ints = options.enums_as_numbers;
  print.preserve_proto_field_names = options.proto_field_names;
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

}  // namespace

struct JsonTranscoder::Parts {
  Parts(std::shared_ptr<const SchemaRegistry> schema, const JsonOptions& json_options)
      : registry(std::move(schema)),
        options(json_options),
        print(PrintOptions(options)),
        resolver(pb::util::NewTypeResolverForDescriptorPool(kTypeUrlPrefix, &registry->pool())),
        check(*registry, options) {}

  absl::StatusOr<std::string> Print(const pb::Message& message) const;
  absl::Status CheckLength(size_t bytes) const;

  const std::shared_ptr<const SchemaRegistry> registry;
  const JsonOptions options;
  const pb::util::JsonPrintOptions print;
  const std::unique_ptr<pb::util::TypeResolver> resolver;
  const PayloadCheck check;
};

absl::Status JsonTranscoder::Parts::CheckLength(size_t bytes) const {
  if (bytes <= options.bytes_max) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("is longer than ", options.bytes_max, " bytes (limits.payload_bytes)"));
}

absl::StatusOr<std::string> JsonTranscoder::Parts::Print(const pb::Message& message) const {
  const std::string type_url =
      absl::StrCat(kTypeUrlPrefix, "/", message.GetDescriptor()->full_name());
  std::string json;
  const pb::util::Status printed =
      pb::util::BinaryToJsonString(resolver.get(), type_url, CanonicalBytes(message), &json, print);
  if (!printed.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("has no JSON form: ", std::string(printed.message())));
  }
  if (absl::Status status = CheckLength(json.size()); !status.ok()) return status;
  return json;
}

JsonTranscoder::JsonTranscoder(std::shared_ptr<const SchemaRegistry> registry, JsonOptions options)
    : parts_(std::make_unique<Parts>(std::move(registry), options)) {}
JsonTranscoder::~JsonTranscoder() = default;

absl::StatusOr<std::string> JsonTranscoder::FromAny(const pb::Any& any) const {
  absl::StatusOr<std::unique_ptr<pb::Message>> message = parts_->check.Open(any);
  if (!message.ok()) return message.status();
  if (absl::Status status = parts_->check.Check(**message); !status.ok()) return status;
  SortMaps(message->get());
  return parts_->Print(**message);
}

absl::StatusOr<std::string> JsonTranscoder::FromValue(const pb::Value& value) const {
  if (absl::Status status = parts_->check.Check(value); !status.ok()) return status;
  std::string json = ValueToJson(value);
  if (absl::Status status = parts_->CheckLength(json.size()); !status.ok()) return status;
  return json;
}

absl::StatusOr<std::string> JsonTranscoder::FromRawJson(std::string_view json) const {
  if (absl::Status status = parts_->CheckLength(json.size()); !status.ok()) return status;
  return CompactJson(json, parts_->options.depth_max);
}

absl::StatusOr<std::string> JsonTranscoder::FromText(std::string_view text) const {
  if (absl::Status status = parts_->CheckLength(text.size()); !status.ok()) return status;
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

std::string EventTypeOfMessage(std::string_view type_name) {
  const std::string_view name = type_name.substr(type_name.find_last_of("./") + 1);
  const auto is_upper = [&](size_t i) { return i < name.size() && absl::ascii_isupper(name[i]); };
  const auto is_lower = [&](size_t i) { return i < name.size() && absl::ascii_islower(name[i]); };
  std::string type;
  for (size_t i = 0; i < name.size(); ++i) {
    // A word begins after a small letter or a digit, or ends a run of capitals.
    const bool begins =
        i > 0 && is_upper(i) && name[i - 1] != '_' && (!is_upper(i - 1) || is_lower(i + 1));
    if (begins) type += '_';
    type += absl::ascii_tolower(name[i]);
  }
  return type;
}

}  // namespace sluice
