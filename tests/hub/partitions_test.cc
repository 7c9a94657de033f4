// A log that others share: several partitions, heads that are not known yet or lag, and partitions
// that are made anew.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "boost/asio/io_context.hpp"
#include "bridge/base/metrics.h"
#include "bridge/hub/event_search.h"
#include "bridge/hub/heartbeats.h"
#include "bridge/hub/hub.h"
#include "bridge/hub/log_head.h"
#include "bridge/hub/log_outages.h"
#include "tests/fakes/fake_clock.h"
#include "tests/fakes/partitioned_log.h"
#include "tests/fakes/reader.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using State = Subscription::State;

class Partitions : public testing::Test {
 protected:
  Partitions() { log_.Start(&hub_); }

  Shard& shard() { return hub_.shard(0); }
  void Run() {
    shard().context().restart();
    shard().context().poll();
  }
  // Until it is so.
  template <typename Condition>
  void RunUntil(Condition condition) {
    const absl::Time deadline = Clock::System().Now() + absl::Seconds(20);
    while (!condition() && Clock::System().Now() < deadline) {
      shard().context().restart();
      shard().context().run_one_for(std::chrono::milliseconds(50));
    }
    ASSERT_TRUE(condition());
  }
  std::string Publish(std::string topic, std::string data) {
    return Publish(MakeEvent(std::move(topic), std::move(data)));
  }
  std::string Publish(Event event) {
    const AppendResult result = Append(log_, {std::move(event)}).value().front();
    return FormatEventId({result.id.epoch, result.id.offset, result.id.end});
  }
  std::unique_ptr<Reader> Latest(std::vector<std::string> topics) {
    return std::make_unique<Reader>(shard(), SubscriptionSpec{.topics = std::move(topics)});
  }
  std::unique_ptr<Reader> ResumeAt(std::vector<std::string> topics, std::string id) {
    return std::make_unique<Reader>(
        shard(), SubscriptionSpec{.topics = std::move(topics), .last_event_id = std::move(id)});
  }
  std::unique_ptr<Reader> FromEarliest(std::string topic) {
    return std::make_unique<Reader>(
        shard(),
        SubscriptionSpec{.topics = {std::move(topic)}, .start = {StreamStart::Kind::kEarliest}});
  }
  EventsAfter After(const std::string& topic, const std::string& id) {
    absl::StatusOr<EventsAfter> found = absl::UnknownError("no answer came");
    AnyEventAfter(shard(), {topic}, ParseEventId(id).value(), nullptr,
                  [&](absl::StatusOr<EventsAfter> answer) { found = answer; });
    Run();
    return found.value();
  }
  static std::shared_ptr<const HeartbeatPolicy> Often() {
    return std::make_shared<const HeartbeatPolicy>(
        HeartbeatPolicy{.interval = absl::Milliseconds(20)});
  }

  FakeClock clock_;
  Metrics metrics_;
  PartitionedLog log_{2, clock_};
  Hub hub_{1, ShardOptions{.inbox_events = 100, .replays = 1}, log_, clock_, metrics_};
};

TEST_F(Partitions, HavePositionsOfTheirOwn) {
  Publish("0/a", "1");
  const std::string here = Publish("0/a", "2");
  const std::string there = Publish("1/a", "3");
  Reader zero(shard(), {.topics = {"0/a"}, .heartbeat = Often()});
  Reader one(shard(), {.topics = {"1/a"}, .heartbeat = Often()});
  EXPECT_EQ(zero.subscription().start_id(), here);
  EXPECT_EQ(one.subscription().start_id(), there);
  RunUntil([&] { return !zero.heartbeats().empty() && !one.heartbeats().empty(); });
  EXPECT_THAT(zero.heartbeats().front(), HasSubstr("id: " + here + "\n"));
  EXPECT_THAT(one.heartbeats().front(), HasSubstr("id: " + there + "\n"));
}

TEST_F(Partitions, ThatAreKnownNeedNoReadForAStart) {
  const std::string first = Publish("0/a", "1");
  const auto latest = Latest({"0/a", "0/b"});
  Run();
  Publish("0/a", "2");
  const auto back = ResumeAt({"0/a"}, first);
  Run();
  EXPECT_THAT(latest->data(), ElementsAre("2"));
  EXPECT_THAT(back->data(), ElementsAre("2"));
  EXPECT_EQ(log_.reads(), 0u);
}

TEST_F(Partitions, OfTwoTopicsMustBeTheSame) {
  EXPECT_TRUE(CheckOnePartition(log_, std::vector<std::string>{"0/a", "0/b", "a"}).ok());
  const absl::Status refused =
      CheckOnePartition(log_, std::vector<std::string>{"0/a", "0/b", "1/c"});
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(refused.message()), HasSubstr("'0/a' and '1/c'"));
}

TEST_F(Partitions, LatestBeginsAtTheLogsEndWhereTheHeadIsNotKnown) {
  log_.Forget(0);
  const std::string end = Publish("0/a", "before");
  const auto reader = Latest({"0/a", "0/b"});
  Run();
  EXPECT_EQ(reader->subscription().state(), State::kReading) << "open, and waiting for the head";
  EXPECT_EQ(reader->subscription().start_id(), end);
  Publish("0/a", "1");
  Publish("0/b", "2");
  Run();
  EXPECT_THAT(reader->data(), IsEmpty());
  log_.Learn(0);
  Run();
  Publish("0/a", "3");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "2", "3"));
  EXPECT_EQ(metrics_.inbox_overflows, 0u) << "nothing was lost";
}

TEST_F(Partitions, AClientGoesOnWhereTheHeadIsNotKnown) {
  const std::string first = Publish("0/a", "1");
  Publish("0/a", "2");
  log_.Forget(0);
  const auto back = ResumeAt({"0/a"}, first);
  const auto foreign = ResumeAt({"0/a"}, FormatEventId({0xdead, 1}));
  const auto earliest = FromEarliest("0/a");
  Run();
  EXPECT_EQ(back->subscription().start_id(), first);
  EXPECT_THAT(back->data(), IsEmpty());
  EXPECT_THAT(foreign->data(), ElementsAre("gap")) << "that much the log has said";
  Publish("0/a", "3");
  log_.Learn(0);
  Run();
  EXPECT_THAT(back->data(), ElementsAre("2", "3"));
  EXPECT_THAT(foreign->data(), ElementsAre("gap", "1", "2", "3"));
  EXPECT_THAT(earliest->data(), ElementsAre("1", "2", "3"));
}

TEST_F(Partitions, AStartThatTheLogCannotJudgeFails) {
  log_.Forget(0);
  log_.FailReads(absl::UnavailableError("NATS is away"));
  const auto latest = Latest({"0/a"});
  const auto back = ResumeAt({"0/a"}, FormatEventId(log_.end(0)));
  Run();
  EXPECT_EQ(latest->subscription().state(), State::kFailed);
  EXPECT_EQ(back->subscription().state(), State::kFailed);
  EXPECT_EQ(back->subscription().status().message(), "NATS is away");
}

TEST_F(Partitions, AHerdThatTheLogMustJudgeSharesWhatWasNotAskedYet) {
  log_.Forget(0);
  std::vector<std::unique_ptr<Reader>> herd;
  for (int i = 0; i < 100; ++i) herd.push_back(Latest({"0/a"}));
  Run();
  EXPECT_EQ(log_.reads(), 2u) << "one at once (replays: 1), one for all who came meanwhile";
  log_.Learn(0);
  Publish("0/a", "1");
  Run();
  for (const auto& reader : herd) EXPECT_THAT(reader->data(), ElementsAre("1"));
}

TEST_F(Partitions, WhoWaitsForTheHeadIsKeptAliveWithoutAnId) {
  log_.Forget(0);
  Reader reader(shard(), {.topics = {"0/a"}, .heartbeat = Often()});
  RunUntil([&] { return !reader.heartbeats().empty(); });
  EXPECT_EQ(reader.heartbeats().front(), ": heartbeat\n\n");
  log_.Learn(0);
  const size_t before = reader.heartbeats().size();
  RunUntil([&] { return reader.heartbeats().size() > before + 1; });
  EXPECT_THAT(reader.heartbeats().back(), HasSubstr("id: " + FormatEventId(log_.end(0))));
}

// The client comes from a bridge that was ahead of this one.
TEST_F(Partitions, ABridgeThatLagsNeitherRepeatsNorTellsOfAGap) {
  Publish("0/a", "1");
  const auto live = Latest({"0/a"});
  Run();
  log_.Lag(0);
  Publish("0/a", "2");
  const std::string third = Publish("0/a", "3");
  Reader moved(shard(), {.topics = {"0/a"}, .last_event_id = third, .heartbeat = Often()});
  RunUntil([&] { return !moved.heartbeats().empty(); });
  EXPECT_EQ(moved.subscription().start_id(), third);
  EXPECT_THAT(moved.heartbeats(), testing::Each(Not(HasSubstr("id:"))))
      << "an id that lags would take the client back";
  const auto past = ResumeAt({"0/a"}, FormatEventId({log_.end(0).epoch, 1000}));
  Publish("0/a", "4");
  Run();
  EXPECT_THAT(past->data(), ElementsAre("gap")) << "nobody was ever given that id";
  log_.CatchUp(0);
  Run();
  EXPECT_THAT(moved.data(), ElementsAre("4"));
  EXPECT_THAT(past->data(), ElementsAre("gap", "4"));
  EXPECT_THAT(live->data(), ElementsAre("2", "3", "4"));
}

TEST_F(Partitions, AnEndThatThisBridgeHasNotSeenIsAnEnd) {
  Publish("0/a", "1");
  const auto live = Latest({"0/a"});
  Run();
  log_.Lag(0);
  const std::string end = Publish(Ending(MakeEvent("0/a", "end")));
  EXPECT_EQ(EndedAt(end)->offset, 2u);
  EXPECT_FALSE(After("0/a", end).any);
  EXPECT_TRUE(After("0/a", end).known);
  log_.Forget(0);
  EXPECT_FALSE(After("0/a", end).any);
  Publish("0/a", "more");
  EXPECT_TRUE(After("0/a", end).any);
}

TEST_F(Partitions, AnEndThatTheLogDidNotGiveSaysNothingAboutIt) {
  EXPECT_FALSE(After("0/a", FormatEventId({0xdead, 7, true})).any);
  Publish("0/a", "1");
  for (const EventId& id : {EventId{0xdead, 7, true}, EventId{log_.end(0).epoch, 1000, true}}) {
    const EventsAfter after = After("0/a", FormatEventId(id));
    EXPECT_TRUE(after.any);
    EXPECT_FALSE(after.known);
  }
}

TEST_F(Partitions, WhatOneHasLostMakesNobodyElseReadAgain) {
  const auto zero = Latest({"0/a"});
  const auto one = Latest({"1/a"});
  Run();
  Publish("0/a", "1");
  Publish("1/a", "2");
  Run();
  log_.TellLost(0);
  Run();
  const size_t reads = log_.reads();
  const auto back = ResumeAt({"1/a"}, FormatEventId({log_.end(1).epoch, 0}));
  Run();
  EXPECT_THAT(back->data(), ElementsAre("2")) << "its window is as it was";
  EXPECT_EQ(log_.reads(), reads);
}

// Two heads: one is known, and its tail is too much for the inbox; the other's tail has no place
// yet, though its incarnation is known.
TEST_F(Partitions, AnOverflowIsNoWordOfAHeadThatIsNotKnown) {
  for (const char* data : {"1", "2", "3"}) Publish("1/a", data);
  log_.ForgetPlace(1);
  const auto zero = Latest({"0/a"});
  const auto one = Latest({"1/a"});
  Run();
  for (int i = 0; i < 200; ++i) Publish("0/a", "x");
  Run();
  EXPECT_EQ(metrics_.inbox_overflows, 1u);
  const auto later = Latest({"1/a"});
  Run();
  log_.Learn(1);
  Run();
  Publish("1/a", "4");
  Run();
  EXPECT_THAT(one->data(), ElementsAre("4"));
  EXPECT_THAT(later->data(), ElementsAre("4")) << "no history was asked for";
}

TEST_F(Partitions, OneThatIsMadeAnewIsAGapForWhoIsThere) {
  const auto reader = Latest({"0/a", "0/b"});
  const auto other = Latest({"1/a"});
  Run();
  for (const char* data : {"1", "2", "3"}) Publish("0/a", data);
  Run();
  const std::string last = FormatEventId(log_.end(0));
  log_.MakeAnew(0);
  const std::string begin = FormatEventId(log_.end(0));
  const std::string first = Publish("0/a", "new");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "2", "3", "gap", "gap", "new"));
  const Received& gap = reader->received()[3];
  EXPECT_EQ(gap.requested, last);
  EXPECT_EQ(gap.resumed, begin);
  EXPECT_THAT(gap.frame, Not(HasSubstr("id: "))) << "who came back with it would miss the other";
  EXPECT_EQ(reader->received()[4].id(), begin);
  EXPECT_EQ(reader->received().back().id(), first);
  Publish("0/b", "more");
  Run();
  EXPECT_EQ(reader->data().back(), "more");
  EXPECT_THAT(other->data(), IsEmpty());
  EXPECT_EQ(metrics_.gaps, 2u);
}

TEST_F(Partitions, OneThatIsMadeAnewIsAGapForWhoComesBack) {
  auto reader = Latest({"0/a"});
  Run();
  Publish("0/a", "1");
  const std::string second = Publish("0/a", "2");
  Run();
  reader.reset();
  log_.MakeAnew(0);
  Publish("0/a", "new");
  const auto before_the_word_of_it = ResumeAt({"0/a"}, second);
  Run();
  const auto back = ResumeAt({"0/a"}, second);
  Run();
  EXPECT_THAT(before_the_word_of_it->data(), ElementsAre("gap", "new"));
  EXPECT_THAT(back->data(), ElementsAre("gap", "new"));
}

// The log knows it, the tail does not yet.
TEST_F(Partitions, AReadThatIsAheadOfTheTailIsAGapAndThenTheTailIsWaitedFor) {
  const auto live = Latest({"0/a"});
  Run();
  for (const char* data : {"1", "2"}) Publish("0/a", data);
  Run();
  log_.Lag(0);
  log_.MakeAnew(0, false);
  hub_.Lost(0, 0);  // what is in the windows goes
  Run();
  const std::string first = Publish("0/a", "new");
  const auto slow = ResumeAt({"0/a"}, FormatEventId({log_.epoch(0), 0}));
  Run();
  EXPECT_THAT(slow->data(), ElementsAre("gap"));
  EXPECT_EQ(slow->subscription().state(), State::kReading);
  const size_t reads = log_.reads();
  hub_.Lost(0, 0);
  Run();
  EXPECT_EQ(log_.reads(), reads + 1) << "asked once more, then it waits again";
  log_.CatchUp(0);
  Publish("0/a", "newer");
  Run();
  EXPECT_THAT(slow->data(), ElementsAre("gap", "new", "newer"));
  EXPECT_EQ(slow->received()[1].id(), first);
  EXPECT_THAT(live->data(), ElementsAre("1", "2", "gap", "new", "newer"));
}

TEST_F(Partitions, WhoReadsHistoryWhenItIsMadeAnewGetsTheRestAndThenAGap) {
  for (int i = 1; i <= 10; ++i) Publish("0/a", std::to_string(i));
  const auto reader = FromEarliest("0/a");
  reader->TakeAtMost(4);
  Run();
  log_.MakeAnew(0);
  Publish("0/a", "new");
  Run();
  EXPECT_EQ(reader->data().size(), 12u);
  EXPECT_EQ(reader->data()[10], "gap");
  EXPECT_EQ(reader->data()[11], "new");
}

TEST_F(Partitions, AnOutageOfOneIsToldToItsSubscribers) {
  const auto zero = Latest({"0/a"});
  const auto one = Latest({"1/a"});
  hub_.shard(0).Start();
  log_.SetHealth(1, absl::UnavailableError("NATS is away"));
  RunUntil([&] { return !one->outages().empty(); });
  EXPECT_EQ(one->outages().front().lasts, absl::ZeroDuration());
  clock_.Advance(absl::Seconds(30));
  RunUntil([&] { return one->outages().size() >= 2; });
  EXPECT_EQ(one->outages()[1].lasts, absl::Seconds(30));
  EXPECT_EQ(one->outages()[1].number, one->outages()[0].number);
  EXPECT_THAT(zero->outages(), IsEmpty());
}

TEST_F(Partitions, HaveOutagesThatAreToldApart) {
  LogOutages outages(2);
  outages.Look(log_, clock_.Now());
  EXPECT_FALSE(outages.any());
  EXPECT_FALSE(outages.Of(0, clock_.Now()));
  log_.SetHealth(0, absl::UnavailableError("NATS is away"));
  outages.Look(log_, clock_.Now());
  clock_.Advance(absl::Seconds(5));
  outages.Look(log_, clock_.Now());
  const auto first = outages.Of(0, clock_.Now());
  ASSERT_TRUE(first);
  EXPECT_EQ(first->lasts, absl::Seconds(5)) << "since it was first seen";
  EXPECT_FALSE(outages.Of(1, clock_.Now()));
  log_.SetHealth(0, absl::OkStatus());
  outages.Look(log_, clock_.Now());
  EXPECT_FALSE(outages.any());
  log_.SetHealth(0, absl::UnavailableError("NATS is away"));
  outages.Look(log_, clock_.Now());
  EXPECT_NE(outages.Of(0, clock_.Now())->number, first->number);
  EXPECT_EQ(outages.Of(0, clock_.Now())->lasts, absl::ZeroDuration());
}

TEST_F(Partitions, AHeadThatIsForgottenStopsNobodyForGood) {
  const auto reader = Latest({"0/a"});
  Run();
  Publish("0/a", "1");
  Run();
  log_.Forget(0);
  hub_.Lost(0, 0);
  Publish("0/a", "2");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1"));
  EXPECT_EQ(reader->subscription().state(), State::kReading);
  log_.Learn(0);
  Publish("0/a", "3");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "2", "3"));
}

}  // namespace
}  // namespace sluice
