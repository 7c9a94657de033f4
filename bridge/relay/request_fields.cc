// Texts become fields as strings: json_util reads numbers, enums, times and so on from
// them. What it would take for something else than it says is refused here.
#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/relay/request_json.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using nlohmann::json;
using Texts = std::vector<std::string_view>;

constexpr size_t kNameBytesMax = 200;

// Messages that JSON has a string for.
constexpr std::array<std::string_view, 13> kTextTypes = {
    "google.protobuf.Timestamp",   "google.protobuf.Duration",    "google.protobuf.FieldMask",
    "google.protobuf.Value",       "google.protobuf.DoubleValue", "google.protobuf.FloatValue",
    "google.protobuf.Int64Value",  "google.protobuf.UInt64Value", "google.protobuf.Int32Value",
    "google.protobuf.UInt32Value", "google.protobuf.BoolValue",   "google.protobuf.StringValue",
    "google.protobuf.BytesValue"};

bool IsText(const pb::Descriptor& type) {
  return std::find(kTextTypes.begin(), kTextTypes.end(), type.full_name()) != kTextTypes.end();
}

bool IsBool(const pb::FieldDescriptor& field) {
  return field.type() == pb::FieldDescriptor::TYPE_BOOL ||
         (field.message_type() != nullptr &&
          field.message_type()->full_name() == "google.protobuf.BoolValue");
}

const pb::FieldDescriptor* FieldNamed(const pb::Descriptor& type, std::string_view name) {
  for (int i = 0; i < type.field_count(); ++i) {
    if (type.field(i)->name() == name || type.field(i)->json_name() == name) return type.field(i);
  }
  return nullptr;
}

// The place of a field, whichever of its names the message had it under.
json& Place(json& message, const pb::FieldDescriptor& field) {
  if (field.json_name() != field.name()) {
    const auto other = message.find(field.json_name());
    if (other != message.end()) {
      message[field.name()] = std::move(*other);
      message.erase(field.json_name());
    }
  }
  return message[field.name()];
}

absl::Status NoSuchField(const pb::Descriptor& type) {
  return absl::InvalidArgumentError(absl::StrCat(type.full_name(), " has no such field"));
}

absl::Status CheckTexts(const pb::FieldDescriptor& field, const Texts& texts) {
  if (field.is_map()) {
    return absl::InvalidArgumentError("is a map, which can only be given in the body");
  }
  if (field.message_type() != nullptr && !IsText(*field.message_type())) {
    return absl::InvalidArgumentError(absl::StrCat("is a ", field.message_type()->full_name(),
                                                   "; name a field inside it after a '.'"));
  }
  if (!field.is_repeated() && texts.size() > 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("is given ", texts.size(), " times, but takes one value"));
  }
  for (const std::string_view text : texts) {
    if (IsBool(field) && text != "true" && text != "false") {
      return absl::InvalidArgumentError("is neither true nor false");
    }
  }
  return absl::OkStatus();
}

// `path` is "a.b" for the field b inside a.
absl::Status SetTexts(json* message, const pb::Descriptor* type, std::string_view path,
                      const Texts& texts, uint32_t depth_max) {
  for (uint32_t depth = 1;; ++depth) {
    if (depth > depth_max) {
      return absl::InvalidArgumentError(
          absl::StrCat("is nested deeper than ", depth_max, " (limits.json_depth)"));
    }
    const size_t dot = path.find('.');
    const pb::FieldDescriptor* field = FieldNamed(*type, path.substr(0, dot));
    if (field == nullptr) return NoSuchField(*type);
    if (dot == std::string_view::npos) {
      if (absl::Status s = CheckTexts(*field, texts); !s.ok()) return s;
      Place(*message, *field) = field->is_repeated() ? json(texts) : json(texts.front());
      return absl::OkStatus();
    }
    if (field->message_type() == nullptr || field->is_repeated() ||
        IsText(*field->message_type())) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", field->name(), "\" has no fields that a name can reach"));
    }
    message = &Place(*message, *field);
    if (!message->is_object()) *message = json::object();
    type = field->message_type();
    path.remove_prefix(dot + 1);
  }
}

absl::Status SetParameters(json* message, const pb::Descriptor& type, const CallInput& input,
                           uint32_t depth_max) {
  std::set<std::string_view> seen(input.reserved_parameters.begin(),
                                  input.reserved_parameters.end());
  for (const auto& [name, value] : input.target.parameters()) {
    if (!seen.insert(name).second) continue;
    if (name.size() > kNameBytesMax) {
      return absl::InvalidArgumentError(absl::StrCat("a query parameter's name is longer than ",
                                                     kNameBytesMax,
                                                     " bytes or is not UTF-8, so it is no field"));
    }
    const absl::Status set = SetTexts(message, &type, name, input.target.QueryAll(name), depth_max);
    if (!set.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("query parameter \"", AsAbsl(ShownName(name)), "\": ", set.message()));
    }
  }
  return absl::OkStatus();
}

// One that only a topic or a filter is made of.
bool ServesElsewhere(const Route& route, std::string_view capture) {
  const std::string placeholder = absl::StrCat("{", AsAbsl(capture), "}");
  const auto names = [&](const std::string& text) {
    return text.find(placeholder) != std::string::npos;
  };
  return std::any_of(route.topics.begin(), route.topics.end(), names) ||
         std::any_of(route.filter.begin(), route.filter.end(),
                     [&](const auto& filter) { return names(filter.second); });
}

absl::Status SetCaptures(json* message, const pb::Descriptor& type, const RouteMatch& match,
                         uint32_t depth_max) {
  for (const auto& [name, value] : match.captures) {
    if (FieldNamed(type, name) == nullptr) {
      if (match.route != nullptr && ServesElsewhere(*match.route, name)) continue;
      return absl::NotFoundError(absl::StrCat("the path captures {", name, "}, but ",
                                              NoSuchField(type).message(),
                                              ": rename it, or write the route's call.request"));
    }
    const absl::Status set = SetTexts(message, &type, name, {value}, depth_max);
    if (!set.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("path: ", name, ": ", set.message()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<json> RequestByNames(const pb::Descriptor& type, const CallInput& input, json body,
                                    const JsonOptions& limits) {
  json message = std::move(body);
  if (absl::Status s = SetParameters(&message, type, input, limits.depth_max); !s.ok()) return s;
  if (absl::Status s = SetCaptures(&message, type, input.match, limits.depth_max); !s.ok()) {
    return s;
  }
  return message;
}

}  // namespace sluice
