// The answers of several members as one.
#include "bridge/fleet/merging.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Pair;
using testing::UnorderedElementsAre;

MemberAnswer Of(const std::string& name) {
  MemberAnswer answer;
  answer.member.set_name(name);
  answer.member.set_id(name + "-id");
  answer.member.set_version("1.2.3");
  return answer;
}

MemberAnswer Missing(const std::string& name) {
  MemberAnswer answer = Of(name);
  answer.status = absl::DeadlineExceededError("has not answered");
  return answer;
}

FleetAnswer Fleet(std::vector<MemberAnswer> members) { return {.members = std::move(members)}; }

void AddTopic(MemberAnswer* to, const std::string& topic, uint64_t subscribers) {
  v1::TopicStats* stats = to->answer.mutable_topics()->add_topics();
  stats->set_topic(topic);
  stats->set_subscribers(subscribers);
  to->answer.mutable_topics()->set_total(to->answer.topics().topics_size());
}

TEST(Merging, SumsCountsAndSaysWhoIsMissing) {
  MemberAnswer a = Of("a");
  a.answer.mutable_stats()->set_subscribers(2);
  a.answer.mutable_stats()->set_version("1.2.3");
  a.answer.mutable_stats()->set_position("here");
  (*a.answer.mutable_stats()->mutable_refusals_total())["forbidden"] = 1;
  MemberAnswer b = Of("b");
  b.answer.mutable_stats()->set_subscribers(3);
  b.answer.mutable_stats()->set_gaps_total(4);
  b.answer.mutable_stats()->set_position("there");
  (*b.answer.mutable_stats()->mutable_refusals_total())["forbidden"] = 5;
  const v1::GetStatsResponse all = MergeStats(Fleet({a, b, Missing("c")}));
  EXPECT_EQ(all.subscribers(), 5u);
  EXPECT_EQ(all.gaps_total(), 4u);
  EXPECT_EQ(all.refusals_total().at("forbidden"), 6u);
  EXPECT_EQ(all.position(), "here");
  EXPECT_EQ(all.version(), "1.2.3");
  ASSERT_EQ(all.members_size(), 3);
  EXPECT_EQ(all.members(1).member().name(), "b");
  EXPECT_EQ(all.members(1).stats().subscribers(), 3u);
  EXPECT_EQ(all.members(2).member().missing(), "has not answered");
  EXPECT_EQ(all.incomplete(), "c: has not answered");
}

TEST(Merging, OfOneAloneNamesNoMembers) {
  MemberAnswer here;
  here.answer.mutable_stats()->set_subscribers(2);
  FleetAnswer alone = Fleet({here});
  alone.alone = true;
  EXPECT_EQ(MergeStats(alone).subscribers(), 2u);
  EXPECT_EQ(MergeStats(alone).members_size(), 0);
  EXPECT_EQ(MergeDisconnected(alone).members_size(), 0);
  EXPECT_EQ(MergeTopics(alone, 1).members_size(), 0);
  EXPECT_EQ(MergeSubscribers(alone, 1).members_size(), 0);
}

TEST(Merging, PutsTheSubscribersOfATopicTogether) {
  MemberAnswer a = Of("a");
  AddTopic(&a, "x", 1);
  AddTopic(&a, "y", 2);
  MemberAnswer b = Of("b");
  AddTopic(&b, "x", 2);
  AddTopic(&b, "z", 1);
  const v1::ListTopicsResponse all = MergeTopics(Fleet({a, b}), 2);
  EXPECT_EQ(all.total(), 3u);
  ASSERT_EQ(all.topics_size(), 2);
  EXPECT_EQ(all.topics(0).topic(), "x");
  EXPECT_EQ(all.topics(0).subscribers(), 3u);
  EXPECT_THAT(all.topics(0).subscribers_by_member(),
              UnorderedElementsAre(Pair("a", 1u), Pair("b", 2u)));
  EXPECT_EQ(all.topics(1).topic(), "y");
}

TEST(Merging, ListsSubscribersWithTheirMembersUpToTheLimit) {
  MemberAnswer a = Of("a");
  a.answer.mutable_subscribers()->add_subscribers()->set_subscriber_id("1");
  a.answer.mutable_subscribers()->set_total(7);
  MemberAnswer b = Of("b");
  b.answer.mutable_subscribers()->add_subscribers()->set_subscriber_id("2");
  b.answer.mutable_subscribers()->add_subscribers()->set_subscriber_id("3");
  b.answer.mutable_subscribers()->set_total(2);
  const v1::ListSubscribersResponse all = MergeSubscribers(Fleet({a, b}), 2);
  EXPECT_EQ(all.total(), 9u);
  ASSERT_EQ(all.subscribers_size(), 2);
  EXPECT_EQ(all.subscribers(0).member(), "a");
  EXPECT_EQ(all.subscribers(1).member(), "b");
  EXPECT_EQ(all.subscribers(1).subscriber_id(), "2");
}

TEST(Merging, SaysWhenTheFleetCannotBeReached) {
  MemberAnswer a = Of("a");
  a.answer.set_disconnected(1);
  FleetAnswer answer = Fleet({a, Missing("b")});
  answer.reached = absl::UnavailableError("NATS is away");
  const v1::DisconnectResponse all = MergeDisconnected(answer);
  EXPECT_EQ(all.disconnected(), 1u);
  EXPECT_THAT(all.incomplete(), HasSubstr("NATS is away"));
  EXPECT_THAT(all.incomplete(), HasSubstr("b: has not answered"));
}

}  // namespace
}  // namespace sluice
