#include "bridge/http/statistics.h"

#include <set>
#include <string_view>

#include "bridge/base/clock.h"
#include "bridge/base/metrics.h"
#include "bridge/event/topic.h"
#include "bridge/fleet/fleet_state.h"
#include "bridge/hub/hub.h"
#include "bridge/hub/position_text.h"
#include "nlohmann/json.hpp"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

uint64_t Count(const std::atomic<uint64_t>& counter) {
  return counter.load(std::memory_order_relaxed);
}

Json ByReason(const std::array<std::atomic<uint64_t>, kReasonCount>& counters) {
  Json counts = Json::object();
  for (size_t i = 0; i < counters.size(); ++i) {
    const uint64_t count = Count(counters[i]);
    if (count > 0) counts[std::string(ReasonName(static_cast<Reason>(i)))] = count;
  }
  return counts;
}

Json SubscribersJson(const SubscriberCounts& counts) {
  Json topics = Json::object();
  for (const auto& [topic, count] : counts.by_topic) {
    if (topics.size() == kTopicsListedMax) break;
    topics[topic] = count;
  }
  Json json = {{"total", counts.total},
               {"by_channel_type", Json::object()},
               {"by_topic", topics},
               {"topics_left_out", counts.by_topic.size() - topics.size()}};
  for (const auto& [type, count] : counts.by_channel_type) json["by_channel_type"][type] = count;
  return json;
}

Json SourcesJson(const HttpContext& context) {
  Json json = Json::object();
  if (context.sources == nullptr) return json;
  for (const SourceStatistics& source : context.sources()) {
    json[source.name] = {
        {"connected", source.connected}, {"events", source.events}, {"failures", source.failures}};
  }
  return json;
}

Json FleetJson(const FleetState& fleet) {
  Json others = Json::array();
  for (const FleetState::Other& other : fleet.others) {
    others.push_back({{"name", other.name},
                      {"id", other.id},
                      {"version", other.version},
                      {"silent_seconds", absl::ToInt64Seconds(other.silent_for)}});
  }
  return {
      {"name", fleet.name}, {"id", fleet.id}, {"reached", fleet.reached.ok()}, {"others", others}};
}

}  // namespace

void SubscriberCounts::Add(const Shard& shard) {
  shard.ForEachSubscriber([this](const Subscriber& subscriber) {
    ++total;
    const SubscriberDescription description = subscriber.Describe();
    std::set<std::string_view> types;
    for (const std::string& topic : description.topics) {
      ++by_topic[topic];
      types.insert(ChannelType(topic));
    }
    for (const std::string_view type : types) ++by_channel_type[std::string(type)];
  });
}

std::string StatisticsJson(const HttpServices& services, const SubscriberCounts& counts) {
  const HttpContext& context = services.context;
  const EventLog& log = context.hub->shard(0).log();
  const absl::Duration uptime = context.clock->Now() - context.started_at;
  Json json = {{"service", services.options.service_name},
               {"version", context.version},
               {"uptime_seconds", absl::ToInt64Seconds(uptime)},
               {"position", PositionText(log)},
               {"subscribers", SubscribersJson(counts)},
               {"events",
                {{"published", Count(context.metrics->events_published)},
                 {"delivered", context.hub->delivered()},
                 {"publishes_refused", Count(context.metrics->publishes_refused)},
                 {"gaps", Count(context.metrics->gaps)}}},
               {"sources", SourcesJson(context)},
               {"responses_skipped", Count(context.metrics->responses_skipped)},
               {"inbox_overflows", Count(context.metrics->inbox_overflows)},
               {"refusals", ByReason(context.metrics->refusals)},
               {"disconnects", ByReason(context.metrics->disconnects)}};
  const auto fleet = context.fleet ? context.fleet() : std::nullopt;
  if (fleet) {
    json["fleet"] = FleetJson(*fleet);
    json["revocations_told"] = Count(context.metrics->revocations_told);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace sluice
