#include "bridge/fleet/node.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/metrics.h"
#include "bridge/event/event_id.h"
#include "bridge/event_log/event_log.h"
#include "bridge/fleet/proto_time.h"
#include "bridge/fleet/revocation_message.h"
#include "bridge/hub/hub.h"
#include "bridge/hub/position_text.h"

namespace sluice {
namespace {

// Of a list that is merged with others, for each that is asked for.
constexpr size_t kTopicsFactor = 10;

using SubscribersByTopic = std::map<std::string, uint64_t, std::less<>>;

template <typename Counters>
void CopyCounters(const Counters& counters, google::protobuf::Map<std::string, uint64_t>* out) {
  for (size_t i = 0; i < counters.size(); ++i) {
    const uint64_t count = counters[i].load(std::memory_order_relaxed);
    if (count > 0) (*out)[std::string(ReasonName(static_cast<Reason>(i)))] = count;
  }
}

void FillStats(const NodeContext& node, uint64_t topics, v1::GetStatsResponse* stats) {
  const Metrics& metrics = *node.metrics;
  stats->set_version(node.version);
  *stats->mutable_uptime() = ToProto(node.clock->Now() - node.started_at);
  stats->set_subscribers(node.hub->subscribers());
  stats->set_topics(topics);
  stats->set_subscribers_total(metrics.subscribers_total);
  stats->set_events_published_total(metrics.events_published);
  stats->set_events_delivered_total(node.hub->delivered());
  stats->set_gaps_total(metrics.gaps);
  stats->set_publishes_refused_total(metrics.publishes_refused);
  stats->set_inbox_overflows_total(metrics.inbox_overflows);
  stats->set_responses_skipped_total(metrics.responses_skipped);
  stats->set_source_events_total(metrics.source_events);
  stats->set_source_failures_total(metrics.source_failures);
  stats->set_revocations_told_total(metrics.revocations_told);
  CopyCounters(metrics.refusals, stats->mutable_refusals_total());
  CopyCounters(metrics.disconnects, stats->mutable_disconnects_total());
  stats->set_position(PositionText(*node.log));
}

void AnswerStats(const NodeContext& node, Node::Done done) {
  const auto topics = std::make_shared<std::set<std::string, std::less<>>>();
  node.hub->Visit(
      [topics](Shard& shard) {
        shard.ForEachTopic([&](std::string_view topic, uint64_t) { topics->emplace(topic); });
      },
      [&node, topics, done = std::move(done)] {
        fleet::v1::Answer answer;
        FillStats(node, topics->size(), answer.mutable_stats());
        done(std::move(answer));
      });
}

void FillTopics(const SubscribersByTopic& counts, size_t limit, v1::ListTopicsResponse* response) {
  std::vector<SubscribersByTopic::const_iterator> order;
  order.reserve(counts.size());
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

void AnswerTopics(const NodeContext& node, const v1::ListTopicsRequest& request, Node::Done done) {
  const auto counts = std::make_shared<SubscribersByTopic>();
  const size_t limit = kTopicsFactor * ListedMax(request.limit());
  node.hub->Visit(
      [counts, prefix = request.prefix()](Shard& shard) {
        shard.ForEachTopic([&](std::string_view topic, uint64_t subscribers) {
          if (topic.starts_with(prefix)) (*counts)[std::string(topic)] += subscribers;
        });
      },
      [counts, limit, done = std::move(done)] {
        fleet::v1::Answer answer;
        FillTopics(*counts, limit, answer.mutable_topics());
        done(std::move(answer));
      });
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

void AnswerSubscribers(const NodeContext& node, const v1::ListSubscribersRequest& request,
                       Node::Done done) {
  const auto answer = std::make_shared<fleet::v1::Answer>();
  node.hub->Visit(
      [answer, request](Shard& shard) {
        v1::ListSubscribersResponse& list = *answer->mutable_subscribers();
        shard.ForEachSubscriber([&](const Subscriber& subscriber) {
          const SubscriberDescription description = subscriber.Describe();
          if (!Matches(description, request)) return;
          list.set_total(list.total() + 1);
          if (list.total() <= ListedMax(request.limit())) {
            *list.add_subscribers() = InfoOf(description);
          }
        });
      },
      [answer, done = std::move(done)] { done(std::move(*answer)); });
}

void AnswerRevocation(const NodeContext& node, const fleet::v1::Revocation& message,
                      const Node::Done& done) {
  absl::StatusOr<Revocation> revocation = ReadRevocation(message);
  if (!revocation.ok()) {
    fleet::v1::Answer answer;
    answer.set_refused(std::string(revocation.status().message()));
    return done(std::move(answer));
  }
  node.disconnects->Disconnect(*std::move(revocation), DisconnectedByOf(message),
                               [done](uint64_t disconnected) {
                                 fleet::v1::Answer answer;
                                 answer.set_disconnected(disconnected);
                                 done(std::move(answer));
                               });
}

}  // namespace

size_t ListedMax(uint32_t limit) {
  return limit == 0 ? kListedMax : std::min<size_t>(limit, kListedMax);
}

void Node::Answer(const fleet::v1::Question& question, Done done) const {
  using Ask = fleet::v1::Question::AskCase;
  switch (question.ask_case()) {
    case Ask::kStats:
      return AnswerStats(context_, std::move(done));
    case Ask::kTopics:
      return AnswerTopics(context_, question.topics(), std::move(done));
    case Ask::kSubscribers:
      return AnswerSubscribers(context_, question.subscribers(), std::move(done));
    case Ask::kRevocation:
      return AnswerRevocation(context_, question.revocation(), done);
    case Ask::ASK_NOT_SET:
      break;
  }
  fleet::v1::Answer answer;
  answer.set_refused("this version of the bridge does not know the question");
  done(std::move(answer));
}

}  // namespace sluice
