#include "bridge/fleet/merging.h"

#include <google/protobuf/message.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

v1::MemberInfo InfoOf(const MemberAnswer& of) {
  v1::MemberInfo info;
  info.set_name(of.member.name());
  info.set_id(of.member.id());
  info.set_version(of.member.version());
  *info.mutable_uptime() = of.member.uptime();
  if (!of.status.ok()) info.set_missing(std::string(of.status.message()));
  return info;
}

std::string WhyIncomplete(const FleetAnswer& answer) {
  std::string why(answer.reached.message());
  for (const MemberAnswer& of : answer.members) {
    if (of.status.ok()) continue;
    absl::StrAppend(&why, why.empty() ? "" : "; ", of.member.name(), ": ", of.status.message());
  }
  return why;
}

// So that a count which is added to the message is summed, too.
void AddCounts(const v1::GetStatsResponse& from, v1::GetStatsResponse* to) {
  using google::protobuf::FieldDescriptor;
  const google::protobuf::Reflection& fields = *from.GetReflection();
  const google::protobuf::Descriptor& type = *from.GetDescriptor();
  for (int i = 0; i < type.field_count(); ++i) {
    const FieldDescriptor* field = type.field(i);
    if (field->is_repeated() || field->cpp_type() != FieldDescriptor::CPPTYPE_UINT64) continue;
    fields.SetUInt64(to, field, fields.GetUInt64(*to, field) + fields.GetUInt64(from, field));
  }
  for (const auto& [reason, count] : from.refusals_total()) {
    (*to->mutable_refusals_total())[reason] += count;
  }
  for (const auto& [reason, count] : from.disconnects_total()) {
    (*to->mutable_disconnects_total())[reason] += count;
  }
}

struct TopicCounts {
  uint64_t subscribers = 0;
  std::map<std::string, uint64_t> by_member;
};

}  // namespace

v1::GetStatsResponse MergeStats(const FleetAnswer& answer) {
  if (answer.alone) return answer.members.front().answer.stats();
  v1::GetStatsResponse all;
  const v1::GetStatsResponse& here = answer.members.front().answer.stats();
  all.set_version(here.version());
  *all.mutable_uptime() = here.uptime();
  all.set_position(here.position());
  for (const MemberAnswer& of : answer.members) {
    v1::MemberStats* member = all.add_members();
    *member->mutable_member() = InfoOf(of);
    if (!of.status.ok()) continue;
    *member->mutable_stats() = of.answer.stats();
    AddCounts(of.answer.stats(), &all);
  }
  all.set_incomplete(WhyIncomplete(answer));
  return all;
}

v1::ListTopicsResponse MergeTopics(const FleetAnswer& answer, size_t limit) {
  v1::ListTopicsResponse all;
  std::map<std::string, TopicCounts> counts;
  uint64_t most = 0;
  for (const MemberAnswer& of : answer.members) {
    if (!answer.alone) *all.add_members() = InfoOf(of);
    if (!of.status.ok()) continue;
    most = std::max<uint64_t>(most, of.answer.topics().total());
    for (const v1::TopicStats& topic : of.answer.topics().topics()) {
      TopicCounts& count = counts[topic.topic()];
      count.subscribers += topic.subscribers();
      if (!answer.alone) count.by_member[of.member.name()] += topic.subscribers();
    }
  }
  all.set_total(std::max<uint64_t>(most, counts.size()));
  std::vector<std::map<std::string, TopicCounts>::const_iterator> order;
  for (auto it = counts.cbegin(); it != counts.cend(); ++it) order.push_back(it);
  // (Of equals, the first by name.)
  std::stable_sort(order.begin(), order.end(), [](const auto& a, const auto& b) {
    return a->second.subscribers > b->second.subscribers;
  });
  if (order.size() > limit) order.resize(limit);
  for (const auto& it : order) {
    v1::TopicStats* topic = all.add_topics();
    topic->set_topic(it->first);
    topic->set_subscribers(it->second.subscribers);
    topic->mutable_subscribers_by_member()->insert(it->second.by_member.begin(),
                                                   it->second.by_member.end());
  }
  all.set_incomplete(WhyIncomplete(answer));
  return all;
}

v1::ListSubscribersResponse MergeSubscribers(const FleetAnswer& answer, size_t limit) {
  v1::ListSubscribersResponse all;
  for (const MemberAnswer& of : answer.members) {
    if (!answer.alone) *all.add_members() = InfoOf(of);
    if (!of.status.ok()) continue;
    const v1::ListSubscribersResponse& theirs = of.answer.subscribers();
    all.set_total(all.total() + theirs.total());
    for (const v1::SubscriberInfo& subscriber : theirs.subscribers()) {
      if (all.subscribers_size() >= static_cast<int>(limit)) break;
      *all.add_subscribers() = subscriber;
      if (!answer.alone) all.mutable_subscribers()->rbegin()->set_member(of.member.name());
    }
  }
  all.set_incomplete(WhyIncomplete(answer));
  return all;
}

v1::DisconnectResponse MergeDisconnected(const FleetAnswer& answer) {
  v1::DisconnectResponse all;
  for (const MemberAnswer& of : answer.members) {
    all.set_disconnected(all.disconnected() + of.answer.disconnected());
    if (answer.alone) continue;
    v1::MemberDisconnected* member = all.add_members();
    *member->mutable_member() = InfoOf(of);
    member->set_disconnected(of.answer.disconnected());
  }
  all.set_incomplete(WhyIncomplete(answer));
  return all;
}

}  // namespace sluice
