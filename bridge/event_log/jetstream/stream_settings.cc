#include "bridge/event_log/jetstream/stream_settings.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/event_log/jetstream/stream_info.h"

namespace sluice {
namespace {

using Json = nlohmann::json;

Json Configuration(const JetStreamEventLogOptions& options) {
  return {{"name", options.stream},
          {"subjects", Json::array({KeptPrefix(options) + ".>"})},
          {"retention", "limits"},
          {"discard", "old"},
          {"storage", "file"},
          {"num_replicas", options.replicas},
          {"max_msgs_per_subject", options.events_per_topic},
          {"max_age", absl::ToInt64Nanoseconds(options.max_age)},
          {"max_bytes", options.total_bytes == 0 ? -1 : static_cast<int64_t>(options.total_bytes)},
          {"duplicate_window", absl::ToInt64Nanoseconds(options.deduplication_window)}};
}

int64_t Number(const Json& configuration, const char* key) {
  const auto found = configuration.find(key);
  return found != configuration.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

std::string Shown(const Json& configuration, const char* key) {
  const auto found = configuration.find(key);
  return found == configuration.end() ? "not set" : found->dump();
}

std::string Count(int64_t number) { return absl::StrCat(number); }
std::string Time(int64_t nanoseconds) {
  return absl::FormatDuration(absl::Nanoseconds(nanoseconds));
}

// A bound below the one that is configured. Nothing, and what is negative, is no bound.
void CheckBound(const Json& is, const Json& configured, const char* key,
                std::string (*show)(int64_t), std::vector<std::string>* less) {
  const int64_t has = Number(is, key);
  const int64_t wanted = Number(configured, key);
  if (has <= 0 || (wanted > 0 && has >= wanted)) return;
  less->push_back(absl::StrCat(key, " is ", show(has), ", less than the configured ",
                               wanted > 0 ? show(wanted) : "unlimited"));
}

absl::Status NotAsConfigured(const std::vector<std::string>& faults,
                             const JetStreamEventLogOptions& options) {
  if (faults.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "event_log.jetstream: the stream ", options.stream,
      " is not what is configured: ", absl::StrJoin(faults, "; "),
      ". Configure what the stream has, change it (nats stream edit), or name another stream"));
}

}  // namespace

std::string StreamRequest(const JetStreamEventLogOptions& options) {
  return Configuration(options).dump();
}

StreamSettings CompareSettings(std::string_view configuration,
                               const JetStreamEventLogOptions& options) {
  StreamSettings settings;
  const Json is = Json::parse(configuration, nullptr, false);
  if (!is.is_object()) return settings;
  const Json configured = Configuration(options);
  for (const char* key : {"subjects", "retention", "discard", "storage"}) {
    if (is.value(key, Json()) != configured[key]) {
      settings.contradictions.push_back(
          absl::StrCat(key, " is ", Shown(is, key), ", not ", configured[key].dump()));
    }
  }
  for (const char* off : {"sealed", "no_ack"}) {
    if (is.value(off, Json(false)) == true) {
      settings.contradictions.push_back(absl::StrCat(off, " is true"));
    }
  }
  if (is.contains("mirror") && !is["mirror"].is_null()) {
    settings.contradictions.emplace_back("mirror is set");
  }
  CheckBound(is, configured, "num_replicas", &Count, &settings.contradictions);
  CheckBound(is, configured, "duplicate_window", &Time, &settings.contradictions);
  CheckBound(is, configured, "max_msgs_per_subject", &Count, &settings.keeps_less);
  CheckBound(is, configured, "max_age", &Time, &settings.keeps_less);
  CheckBound(is, configured, "max_bytes", &Count, &settings.keeps_less);
  CheckBound(is, configured, "max_msgs", &Count, &settings.keeps_less);
  CheckBound(is, configured, "max_msg_size", &Count, &settings.keeps_less);
  settings.deduplication_window = absl::Nanoseconds(Number(is, "duplicate_window"));
  settings.messages_per_subject_max =
      static_cast<uint64_t>(std::max<int64_t>(Number(is, "max_msgs_per_subject"), 0));
  return settings;
}

absl::Status CheckSettings(const StreamSettings& settings,
                           const JetStreamEventLogOptions& options) {
  std::vector<std::string> faults = settings.contradictions;
  faults.insert(faults.end(), settings.keeps_less.begin(), settings.keeps_less.end());
  return NotAsConfigured(faults, options);
}

absl::Status CheckPromises(const StreamSettings& settings,
                           const JetStreamEventLogOptions& options) {
  return NotAsConfigured(settings.contradictions, options);
}

}  // namespace sluice
