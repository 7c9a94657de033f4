// Joining without a hole: every way into a topic, and what could go wrong on
// the way.
#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using State = Subscription::State;

class Joining : public HubFixture {};

TEST_F(Joining, LatestBeginsWithWhatComesNext) {
  Make();
  Publish("a/1", "before");
  const auto reader = Latest({"a/1"});
  Run();
  EXPECT_EQ(reader->subscription().state(), State::kCaughtUp);
  EXPECT_EQ(reader->subscription().start_id(), Id(1));
  Publish("a/1", "after");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("after"));
}

TEST_F(Joining, EarliestBeginsWithTheOldestKept) {
  Make({.events_per_topic = 2});
  for (const char* data : {"1", "2", "3"}) Publish("a/1", data);
  const auto reader = FromEarliest({"a/1"});
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("2", "3")) << "and nothing it never asked for is a gap";
  EXPECT_EQ(reader->subscription().start_id(), Id(1));
}

TEST_F(Joining, LastNBeginsThatFarBack) {
  Make();
  for (const char* data : {"1", "2", "3"}) Publish("a/1", data);
  Reader reader(shard(), {.topics = {"a/1"}, .start = {StreamStart::Kind::kLast, 2}});
  Run();
  Publish("a/1", "4");
  Run();
  EXPECT_THAT(reader.data(), ElementsAre("2", "3", "4"));
  EXPECT_EQ(reader.subscription().start_id(), Id(1));
}

TEST_F(Joining, ResumesAfterLastEventIdWithoutLossOrRepeat) {
  Make();
  for (const char* data : {"1", "2", "3"}) Publish("a/1", data);
  const auto reader = ResumeAt({"a/1"}, Id(1));
  Run();
  Publish("a/1", "4");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("2", "3", "4"));
  EXPECT_EQ(reader->subscription().start_id(), Id(1));
}

// Follow comes before the read: what is published in between comes by the tail.
TEST_F(Joining, EventsPublishedWhileTheLogIsReadAreNotLost) {
  Make();
  Publish("a/1", "1");
  log_->HoldAnswers();
  const auto reader = ResumeAt({"a/1"}, Id(0));
  Run();
  Publish("a/1", "2");
  Run();
  EXPECT_THAT(reader->data(), IsEmpty());
  log_->ReleaseAnswers();
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "2"));
}

// The read sees more than the head that Follow answered: what comes by the tail
// as well is sent once.
TEST_F(Joining, EventsThatComeByReadAndByTailAreNotRepeated) {
  Make();
  Publish("a/1", "1");
  log_->HoldReads();
  const auto reader = ResumeAt({"a/1"}, Id(0));
  Run();
  Publish("a/1", "2");  // in the inbox, and in the log when it is read
  log_->ReleaseReads();
  Publish("a/1", "3");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "2", "3"));
}

// The client has it from a shard that was ahead of this one.
TEST_F(Joining, EventsThatAnotherShardHasSentAreNotRepeated) {
  Make({}, {}, 2);
  const auto here = Latest({"a/1"}, 0);
  Run(0);
  Publish("a/1", "1");
  Publish("a/1", "2");  // both still in shard 0's inbox
  const auto moved = ResumeAt({"a/1"}, Id(1), 0);
  Run(0);
  EXPECT_THAT(moved->data(), ElementsAre("2"));
  EXPECT_THAT(here->data(), ElementsAre("1", "2"));
}

TEST_F(Joining, ResumeInsideTheWindowNeverTouchesTheLog) {
  Make();
  const auto first = Latest({"a/1"});
  Run();
  for (const char* data : {"1", "2", "3"}) Publish("a/1", data);
  Run();
  const size_t reads = log_->reads();
  const auto second = ResumeAt({"a/1"}, Id(1));
  Run();
  EXPECT_THAT(second->data(), ElementsAre("2", "3"));
  EXPECT_EQ(log_->reads(), reads);
}

TEST_F(Joining, AWindowOutlivesItsLastSubscriberForAWhile) {
  Make();
  auto reader = Latest({"a/1"});
  Run();
  Publish("a/1", "1");
  Run();
  reader.reset();
  Publish("a/1", "2");
  const size_t reads = log_->reads();
  const auto back = ResumeAt({"a/1"}, Id(1));
  Run();
  EXPECT_THAT(back->data(), ElementsAre("2"));
  EXPECT_EQ(log_->reads(), reads);
}

// complete_from: what the window let go is read from the log.
TEST_F(Joining, BelowTheWindowTheLogIsRead) {
  Make({}, {.window_bytes = 1200});
  const auto live = Latest({"a/1"});
  Run();
  for (int i = 1; i <= 20; ++i) {
    Publish("a/1", std::to_string(i));
    Run();
  }
  const auto back = ResumeAt({"a/1"}, Id(2));
  Run();
  EXPECT_GT(log_->reads(), 0u);
  ASSERT_EQ(back->data().size(), 18u);
  EXPECT_EQ(back->data().front(), "3");
  EXPECT_EQ(back->data().back(), "20");
  EXPECT_EQ(live->data().size(), 20u);
}

TEST_F(Joining, CursorsThatWaitForTheSameReadShareIt) {
  Make();
  Publish("a/1", "1");
  log_->HoldReads();
  std::vector<std::unique_ptr<Reader>> herd;
  for (int i = 0; i < 100; ++i) herd.push_back(ResumeAt({"a/1"}, Id(0)));
  Run();
  EXPECT_EQ(log_->reads(), 1u);
  log_->ReleaseReads();
  Run();
  for (const auto& reader : herd) EXPECT_THAT(reader->data(), ElementsAre("1"));
}

TEST_F(Joining, ReplaysAtOnceAreBounded) {
  Make({}, {.replays = 2});
  for (int i = 0; i < 10; ++i) Publish("a/" + std::to_string(i), "x");
  log_->HoldReads();
  std::vector<std::unique_ptr<Reader>> readers;
  for (int i = 0; i < 10; ++i) readers.push_back(ResumeAt({"a/" + std::to_string(i)}, Id(0)));
  Run();
  EXPECT_EQ(log_->waiting(), 2u);
  readers[5].reset();  // leaves while its read is still to come
  while (log_->waiting() > 0) {
    log_->ReleaseReads(1);
    Run();
    EXPECT_LE(log_->waiting(), 2u);
  }
  for (int i = 0; i < 10; ++i) {
    if (i == 5) continue;
    EXPECT_THAT(readers[static_cast<size_t>(i)]->data(), ElementsAre("x"));
  }
}

TEST_F(Joining, LeavingWhileTheLogIsReadHarmsNobody) {
  Make();
  Publish("a/1", "1");
  log_->HoldReads();
  auto leaver = ResumeAt({"a/1"}, Id(0));
  const auto stayer = ResumeAt({"a/1"}, Id(0));
  Run();
  leaver.reset();
  log_->ReleaseReads();
  Run();
  EXPECT_THAT(stayer->data(), ElementsAre("1"));
}

TEST_F(Joining, AGapNamesTopicRequestedAndResumedPosition) {
  Make({.events_per_topic = 2});
  for (const char* data : {"1", "2", "3", "4"}) Publish("a/1", data);
  const auto reader = ResumeAt({"a/1"}, Id(1));
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("gap", "3", "4"));
  EXPECT_EQ(reader->received().front().frame, "event: gap\nid: " + Id(2) +
                                                  "\ndata: {\"topic\":\"a/1\",\"requested\":\"" +
                                                  Id(1) + "\",\"resumed\":\"" + Id(2) + "\"}\n\n");
  EXPECT_EQ(metrics_.gaps, 1u);
}

TEST_F(Joining, AGapIsJudgedByTheTopicAlone) {
  Make({.events_per_topic = 2});
  Publish("quiet/1", "q");
  for (int i = 0; i < 20; ++i) Publish("busy/1", "b");
  const auto reader = ResumeAt({"quiet/1"}, Id(0));
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("q"));
}

TEST_F(Joining, AnIdOfAnotherEpochIsAGapAndEverythingKeptFollows) {
  Make();
  Publish("a/1", "1");
  const auto reader = ResumeAt({"a/1"}, Id(77, 0xdead));
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("gap", "1"));
  EXPECT_EQ(reader->received().front().requested, Id(77, 0xdead));
  EXPECT_EQ(reader->subscription().start_id(), Id(77, 0xdead))
      << "a client that is cut before the gap must be told again";
}

TEST_F(Joining, AnIdPastTheEndIsAGap) {
  Make();
  Publish("a/1", "1");
  const auto reader = ResumeAt({"a/1"}, Id(1000));
  Run();
  Publish("a/1", "2");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("gap", "2"));
  EXPECT_EQ(reader->received().front().offset, 1u);
}

TEST_F(Joining, AnIdThatIsNoneOfOursIsAGap) {
  Make();
  Publish("a/1", "1");
  const auto reader = ResumeAt({"a/1"}, "what is this? \"");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("gap", "1"));
  EXPECT_EQ(reader->subscription().start_id(), "");
}

TEST_F(Joining, APublishersIdIsResumedFromWhereTheRouteSendsIt) {
  Make();
  for (const char* id : {"m1", "m2"}) {
    Event event = MakeEvent("a/1", id);
    event.publisher_id = id;
    Publish(std::move(event));
  }
  const auto view = std::make_shared<const FrameView>(FrameView{.ids = IdLine::kPublisher});
  Reader found(shard(), {.topics = {"a/1"}, .view = view, .last_event_id = "m1"});
  Reader lost(shard(), {.topics = {"a/1"}, .view = view, .last_event_id = "m0"});
  Run();
  EXPECT_THAT(found.data(), ElementsAre("m2"));
  EXPECT_EQ(found.received().front().id(), "m2");
  EXPECT_THAT(lost.data(), ElementsAre("gap", "m1", "m2"));
}

TEST_F(Joining, APublishersIdOfOneTopicIsAPlaceInAllOfThem) {
  Make();
  Publish("b/1", "1");
  Event event = MakeEvent("a/1", "2");
  event.publisher_id = "m1";
  Publish(std::move(event));
  Publish("b/1", "3");
  const auto view = std::make_shared<const FrameView>(FrameView{.ids = IdLine::kPublisher});
  Reader found(shard(), {.topics = {"b/1", "a/1"}, .view = view, .last_event_id = "m1"});
  Reader lost(shard(), {.topics = {"b/1", "a/1"}, .view = view, .last_event_id = "m0"});
  Run();
  EXPECT_THAT(found.data(), ElementsAre("3"));
  EXPECT_THAT(lost.data(), ElementsAre("gap", "gap", "1", "2", "3"));
}

TEST_F(Joining, ALogThatCannotBeReadFailsTheSubscription) {
  Make();
  Publish("a/1", "1");
  log_->FailReads(absl::UnavailableError("disk"));
  const auto reader = ResumeAt({"a/1"}, Id(0));
  Run();
  EXPECT_EQ(reader->subscription().state(), State::kFailed);
  EXPECT_EQ(reader->subscription().status().message(), "disk");
}

TEST_F(Joining, TransientEventsReachWhoeverListensAndNobodyLater) {
  Make();
  Publish("a/1", "1");
  const auto live = Latest({"a/1"});
  Run();
  Publish(Transient(MakeEvent("a/1", "now")));
  Publish("a/1", "2");
  Run();
  EXPECT_THAT(live->data(), ElementsAre("now", "2"));
  EXPECT_EQ(live->received()[0].frame.find("id:"), std::string::npos);
  const auto late = ResumeAt({"a/1"}, Id(1));
  Run();
  EXPECT_THAT(late->data(), ElementsAre("2"));
}

}  // namespace
}  // namespace sluice
