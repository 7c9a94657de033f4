#include "bridge/access/check_metadata.h"

#include <google/protobuf/struct.pb.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace sluice {
namespace {

using google::protobuf::Value;

constexpr double kExpirySecondsMax = 253'402'300'799;  // year 9999

absl::Status Wrong(absl::string_view why) { return absl::InvalidArgumentError(why); }

std::optional<std::vector<std::string>> Texts(const Value& value) {
  if (!value.has_list_value()) return std::nullopt;
  std::vector<std::string> texts;
  for (const Value& entry : value.list_value().values()) {
    if (!entry.has_string_value()) return std::nullopt;
    texts.push_back(entry.string_value());
  }
  return texts;
}

absl::Status TakeSubject(const Value& value, Decision* decision) {
  if (!value.has_string_value()) return Wrong(".subject is no string");
  decision->subject = value.string_value();
  return absl::OkStatus();
}

absl::Status TakeTime(const std::string& key, const Value& value, absl::Time* time) {
  if (value.has_number_value()) {
    const double seconds = value.number_value();
    if (!std::isfinite(seconds) || std::abs(seconds) > kExpirySecondsMax) {
      return Wrong(absl::StrCat(".", key, " is no time"));
    }
    *time = absl::UnixEpoch() + absl::Seconds(seconds);
    return absl::OkStatus();
  }
  std::string error;
  if (!value.has_string_value() ||
      !absl::ParseTime(absl::RFC3339_full, value.string_value(), time, &error) ||
      *time == absl::InfiniteFuture()) {
    return Wrong(absl::StrCat(".", key, " is neither RFC 3339 nor seconds since 1970"));
  }
  return absl::OkStatus();
}

absl::Status TakeAttributes(const Value& value, Decision* decision) {
  if (!value.has_struct_value()) return Wrong(".attributes is no object");
  for (const auto& [key, text] : value.struct_value().fields()) {
    if (!text.has_string_value()) return Wrong(".attributes holds what is no string");
    decision->attributes.emplace_back(key, text.string_value());
  }
  std::sort(decision->attributes.begin(), decision->attributes.end());
  return absl::OkStatus();
}

absl::Status TakeEventTypes(const Value& value, Decision* decision) {
  std::optional<std::vector<std::string>> types = Texts(value);
  // (Empty would mean all, which is not what somebody means who writes it.)
  if (!types || types->empty()) return Wrong(".event_types is no list of one type or more");
  decision->event_types = *std::move(types);
  return absl::OkStatus();
}

absl::Status TakeMasks(const Value& value, Decision* decision) {
  if (!value.has_struct_value()) return Wrong(".field_masks is no object");
  std::vector<FieldMasks::Mask> masks;
  for (const auto& [type, paths] : value.struct_value().fields()) {
    std::optional<std::vector<std::string>> texts = Texts(paths);
    if (!texts) return Wrong(".field_masks holds what is no list of paths");
    masks.push_back({type, *std::move(texts)});
  }
  absl::StatusOr<FieldMasksPtr> made = FieldMasks::Make(std::move(masks));
  if (!made.ok()) return Wrong(absl::StrCat(".field_masks: ", made.status().message()));
  decision->masks = *std::move(made);
  return absl::OkStatus();
}

absl::Status Take(const std::string& key, const Value& value, Decision* decision) {
  if (key == "subject") return TakeSubject(value, decision);
  if (key == "expires_at") return TakeTime(key, value, &decision->expires_at);
  if (key == "credential_expires_at") {
    return TakeTime(key, value, &decision->credential_expires_at);
  }
  if (key == "attributes") return TakeAttributes(value, decision);
  if (key == "event_types") return TakeEventTypes(value, decision);
  if (key == "field_masks") return TakeMasks(value, decision);
  return Wrong(" holds a key that this bridge does not know");
}

}  // namespace

absl::Status TakeMetadata(const Value& metadata, Decision* decision) {
  if (!metadata.has_struct_value()) return Wrong(" is no object");
  for (const auto& [key, value] : metadata.struct_value().fields()) {
    if (absl::Status status = Take(key, value, decision); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace sluice
