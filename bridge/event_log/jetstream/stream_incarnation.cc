#include "bridge/event_log/jetstream/stream_incarnation.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr absl::string_view kSays = "Ids of Sluice begin at ";

Json ConfigurationIn(std::string_view answer) {
  const Json json = Json::parse(answer, nullptr, false);
  if (!json.is_object()) return Json::object();
  const auto found = json.find("config");
  return found != json.end() && found->is_object() ? *found : Json::object();
}

}  // namespace

absl::Time DescribedIncarnation(std::string_view answer) {
  const Json configuration = ConfigurationIn(answer);
  const auto found = configuration.find("description");
  if (found == configuration.end() || !found->is_string()) return absl::InfinitePast();
  const std::string description = found->get<std::string>();
  absl::string_view moment = description;
  absl::Time begins;
  std::string why;
  if (!absl::ConsumePrefix(&moment, kSays) ||
      !absl::ParseTime(absl::RFC3339_full, moment, &begins, &why)) {
    return absl::InfinitePast();
  }
  return begins;
}

bool HasNoDescription(std::string_view answer) {
  const Json configuration = ConfigurationIn(answer);
  return !configuration.empty() && configuration.value("description", Json("")) == Json("");
}

int64_t ReplicasOf(std::string_view answer) {
  const Json configuration = ConfigurationIn(answer);
  const auto found = configuration.find("num_replicas");
  return found != configuration.end() && found->is_number_integer() ? found->get<int64_t>() : 1;
}

std::string IncarnationRequest(std::string_view answer, absl::Time begins) {
  Json configuration = ConfigurationIn(answer);
  configuration["description"] =
      absl::StrCat(kSays, absl::FormatTime(absl::RFC3339_full, begins, absl::UTCTimeZone()));
  return configuration.dump();
}

}  // namespace sluice
