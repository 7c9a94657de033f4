// protobuf's own json_util makes the bytes. What it says of a fault is meant for
// whoever knows protobuf; whoever made the request is told in other words.
#include "bridge/relay/request_message.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/base/text.h"
#include "bridge/schema/raw_json.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using nlohmann::json;

constexpr char kTypeUrlPrefix[] = "type.googleapis.com";
// Of what came with the request.
constexpr size_t kQuotedBytesMax = 200;

std::string Shortened(absl::string_view text) {
  if (text.size() <= kQuotedBytesMax) return std::string(text);
  size_t end = kQuotedBytesMax;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "…");
}

// "TYPE_INT32" or "type.googleapis.com/acme.v1.Tone", as its users call it.
std::string TypeName(absl::string_view type) {
  if (absl::ConsumePrefix(&type, "TYPE_")) return absl::AsciiStrToLower(type);
  const size_t slash = type.rfind('/');
  return std::string(slash == absl::string_view::npos ? type : type.substr(slash + 1));
}

// "(a.b): what", "(a.b) c: what", "c: what" or ": what".
struct Fault {
  std::string field;  // "a.b", "a.b.c", "c" or ""
  absl::string_view what;
};
Fault Split(absl::string_view message) {
  Fault fault;
  if (absl::ConsumePrefix(&message, "(")) {
    const size_t close = std::min(message.find("):"), message.find(") "));
    if (close == absl::string_view::npos) return {"", message};
    fault.field = std::string(message.substr(0, close));
    message.remove_prefix(close + 1);
    absl::ConsumePrefix(&message, " ");
  }
  // The name of a field that is unknown may itself hold colons; what is said does not.
  const size_t colon = absl::StartsWith(message, ":") ? 0 : message.rfind(": ");
  if (colon == absl::string_view::npos) return {std::move(fault.field), message};
  const absl::string_view name = message.substr(0, colon);
  if (!name.empty()) absl::StrAppend(&fault.field, fault.field.empty() ? "" : ".", name);
  fault.what = message.substr(colon + 1);
  absl::ConsumePrefix(&fault.what, " ");
  return fault;
}

// "invalid value VALUE for type TYPE".
std::string InvalidValue(std::string field, absl::string_view what) {
  constexpr absl::string_view kForType = " for type ";
  const size_t at = what.rfind(kForType);
  if (at == absl::string_view::npos) return absl::StrCat(field, ": ", Shortened(what));
  const absl::string_view type = what.substr(at + kForType.size());
  absl::string_view value = what.substr(0, at);
  if (absl::StartsWith(value, "Starting an object on a scalar field")) {
    return absl::StrCat(Shortened(type), ": takes no object");
  }
  if (absl::StartsWith(value, "oneof field ")) return Shortened(value);
  // A time or a duration says by itself what is wrong with it.
  if (absl::StartsWith(value, "Field '")) {
    const size_t comma = value.find("', ");
    if (comma != absl::string_view::npos) value.remove_prefix(comma + 3);
    return absl::StrCat(field, ": ", Shortened(value));
  }
  return absl::StrCat(field, ": ", Shortened(value), " does not fit the type ", TypeName(type));
}

std::string InUsersWords(absl::string_view message, const pb::Descriptor& type) {
  constexpr absl::string_view kInvalidValue = "invalid value ";
  // (A value may hold anything, so it is looked for first.)
  const size_t value = message.find(": invalid value ");
  if (value != absl::string_view::npos) {
    const Fault fault = Split(message.substr(0, value + 2));
    absl::string_view what = message.substr(value + 2);
    absl::ConsumePrefix(&what, kInvalidValue);
    return InvalidValue(Shortened(fault.field), what);
  }
  const Fault fault = Split(message);
  const std::string field = Shortened(fault.field);
  if (fault.what == "Cannot find field.") {
    return absl::StrCat(field, ": ", type.full_name(), " has no such field");
  }
  if (absl::StartsWith(fault.what, "Proto field is not repeating")) {
    return absl::StrCat(field, ": takes one value, not a list");
  }
  return absl::StrCat(field, field.empty() ? "" : ": ", Shortened(fault.what));
}

// The pool is asked for the type that an Any names, which takes the square of the
// name's length, under a lock.
bool NamesATypeTooLong(const json& value) {
  if (value.is_object()) {
    const auto type = value.find("@type");
    if (type != value.end() && type->is_string() &&
        type->get_ref<const std::string&>().size() > kTypeNameBytesMax) {
      return true;
    }
  }
  if (!value.is_structured()) return false;
  return std::any_of(value.begin(), value.end(), NamesATypeTooLong);
}

}  // namespace

absl::StatusOr<json> ParseObject(std::string_view text, const JsonOptions& limits) {
  if (text.size() > limits.bytes_max) {
    return absl::InvalidArgumentError(
        absl::StrCat("is longer than ", limits.bytes_max, " bytes (limits.payload_bytes)"));
  }
  const absl::StatusOr<std::string> compact = CompactJson(text, limits.depth_max);
  if (!compact.ok()) return absl::InvalidArgumentError(compact.status().message());
  json value = json::parse(*compact, nullptr, /*allow_exceptions=*/false);
  if (!value.is_object()) return absl::InvalidArgumentError("is not a JSON object");
  return value;
}

absl::StatusOr<std::string> MessageFromJson(const json& message, const Schema& schema,
                                            const pb::Descriptor& type, const JsonOptions& limits) {
  if (NamesATypeTooLong(message)) {
    return absl::InvalidArgumentError(
        absl::StrCat("@type: is longer than ", kTypeNameBytesMax, " bytes"));
  }
  const std::string text = message.dump(-1, ' ', false, json::error_handler_t::replace);
  if (text.size() > limits.bytes_max) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the request message is longer than ", limits.bytes_max, " bytes (limits.payload_bytes)"));
  }
  const std::unique_ptr<pb::util::TypeResolver> resolver(
      pb::util::NewTypeResolverForDescriptorPool(kTypeUrlPrefix, &schema.pool()));
  std::string bytes;
  const pb::util::Status made = pb::util::JsonToBinaryString(
      resolver.get(), absl::StrCat(kTypeUrlPrefix, "/", type.full_name()), text, &bytes);
  if (!made.ok()) {
    return absl::InvalidArgumentError(
        InUsersWords({made.message().data(), made.message().size()}, type));
  }
  return bytes;
}

}  // namespace sluice
