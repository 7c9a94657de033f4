#include "bridge/rpc/admin_service.h"

#include <algorithm>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "bridge/access/authorizer.h"
#include "bridge/base/clock.h"
#include "bridge/base/metrics.h"
#include "bridge/event_log/event_log.h"
#include "bridge/hub/hub.h"
#include "bridge/rpc/admin_question.h"
#include "bridge/rpc/proto_time.h"

namespace sluice {
namespace {

constexpr size_t kListedMax = 1000;

using SubscribersByTopic = std::map<std::string, uint64_t, std::less<>>;

size_t ListedMax(uint32_t limit) {
  return limit == 0 ? kListedMax : std::min<size_t>(limit, kListedMax);
}

template <typename Counters>
void CopyCounters(const Counters& counters, google::protobuf::Map<std::string, uint64_t>* out) {
  for (size_t i = 0; i < counters.size(); ++i) {
    const uint64_t count = counters[i].load(std::memory_order_relaxed);
    if (count > 0) (*out)[std::string(ReasonName(static_cast<Reason>(i)))] = count;
  }
}

void FillStats(const RpcContext& rpc, uint64_t topics, v1::GetStatsResponse* stats) {
  const Metrics& metrics = *rpc.metrics;
  stats->set_version(rpc.version);
  *stats->mutable_uptime() = ToProto(rpc.clock->Now() - rpc.started_at);
  stats->set_subscribers(rpc.hub->subscribers());
  stats->set_topics(topics);
  stats->set_subscribers_total(metrics.subscribers_total);
  stats->set_events_published_total(metrics.events_published);
  stats->set_events_delivered_total(rpc.hub->delivered());
  stats->set_gaps_total(metrics.gaps);
  stats->set_publishes_refused_total(metrics.publishes_refused);
  stats->set_inbox_overflows_total(metrics.inbox_overflows);
  stats->set_responses_skipped_total(metrics.responses_skipped);
  stats->set_source_events_total(metrics.source_events);
  stats->set_source_failures_total(metrics.source_failures);
  CopyCounters(metrics.refusals, stats->mutable_refusals_total());
  CopyCounters(metrics.disconnects, stats->mutable_disconnects_total());
  stats->set_position(FormatEventId({rpc.log->epoch(), rpc.log->head(), false}));
}

void FillTopics(const SubscribersByTopic& counts, size_t limit, v1::ListTopicsResponse* response) {
  std::vector<SubscribersByTopic::const_iterator> order;
  for (auto it = counts.begin(); it != counts.end(); ++it) order.push_back(it);
  // (Of equals, the first by name.)
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& a, const auto& b) { return a->second > b->second; });
  if (order.size() > limit) order.resize(limit);
  for (const auto& it : order) {
    v1::TopicStats* topic = response->add_topics();
    topic->set_topic(it->first);
    topic->set_subscribers(it->second);
  }
  response->set_total(counts.size());
}

bool Matches(const SubscriberDescription& subscriber, const v1::ListSubscribersRequest& request) {
  const auto& topics = subscriber.topics;
  return (request.subject().empty() || subscriber.subject == request.subject()) &&
         (request.topic().empty() ||
          std::find(topics.begin(), topics.end(), request.topic()) != topics.end());
}

v1::SubscriberInfo InfoOf(const SubscriberDescription& subscriber) {
  v1::SubscriberInfo info;
  info.set_subscriber_id(subscriber.id);
  info.set_subject(subscriber.subject);
  info.set_peer_address(subscriber.peer_address);
  for (const std::string& topic : subscriber.topics) info.add_topics(topic);
  *info.mutable_connected_at() = ToProto(subscriber.connected_at);
  info.set_transport(subscriber.transport);
  return info;
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::GetStats(grpc::CallbackServerContext* context,
                                                 const v1::GetStatsRequest*,
                                                 v1::GetStatsResponse* response) {
  return WhenAllowed(
      rpc_, context, Action::kReadStats, [this, response](grpc::ServerUnaryReactor* reactor) {
        const auto topics = std::make_shared<std::set<std::string, std::less<>>>();
        rpc_.hub->Visit(
            [topics](Shard& shard) {
              shard.ForEachTopic([&](std::string_view topic, uint64_t) { topics->emplace(topic); });
            },
            [this, topics, response, reactor] {
              FillStats(rpc_, topics->size(), response);
              reactor->Finish(grpc::Status::OK);
            });
      });
}

grpc::ServerUnaryReactor* AdminService::ListTopics(grpc::CallbackServerContext* context,
                                                   const v1::ListTopicsRequest* request,
                                                   v1::ListTopicsResponse* response) {
  return WhenAllowed(rpc_, context, Action::kAdminister,
                     [this, request, response](grpc::ServerUnaryReactor* reactor) {
                       const auto counts = std::make_shared<SubscribersByTopic>();
                       rpc_.hub->Visit(
                           [counts, request](Shard& shard) {
                             shard.ForEachTopic([&](std::string_view topic, uint64_t subscribers) {
                               if (topic.starts_with(request->prefix())) {
                                 (*counts)[std::string(topic)] += subscribers;
                               }
                             });
                           },
                           [counts, request, response, reactor] {
                             FillTopics(*counts, ListedMax(request->limit()), response);
                             reactor->Finish(grpc::Status::OK);
                           });
                     });
}

grpc::ServerUnaryReactor* AdminService::ListSubscribers(grpc::CallbackServerContext* context,
                                                        const v1::ListSubscribersRequest* request,
                                                        v1::ListSubscribersResponse* response) {
  return WhenAllowed(rpc_, context, Action::kAdminister,
                     [this, request, response](grpc::ServerUnaryReactor* reactor) {
                       rpc_.hub->Visit(
                           [request, response](Shard& shard) {
                             shard.ForEachSubscriber([&](const Subscriber& subscriber) {
                               const SubscriberDescription description = subscriber.Describe();
                               if (!Matches(description, *request)) return;
                               response->set_total(response->total() + 1);
                               if (response->total() <= ListedMax(request->limit())) {
                                 *response->add_subscribers() = InfoOf(description);
                               }
                             });
                           },
                           [reactor] { reactor->Finish(grpc::Status::OK); });
                     });
}

}  // namespace sluice
