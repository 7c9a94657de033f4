// The end of a stream is an event, not a state of the topic.
#include "bridge/hub/event_search.h"
#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using State = Subscription::State;

class StreamEnd : public HubFixture {
 protected:
  bool AnyAfter(std::vector<std::string> topics, Offset after, EventFilterPtr filter = nullptr) {
    absl::StatusOr<EventsAfter> after_it = absl::UnknownError("no answer came");
    AnyEventAfter(shard(), std::move(topics), {kEpoch, after, true}, std::move(filter),
                  [&](absl::StatusOr<EventsAfter> answer) { after_it = answer; });
    Run();
    EXPECT_TRUE(after_it->known);
    return after_it->any;
  }
  EventFilterPtr Room(const std::string& room) {
    return std::make_shared<const EventFilter>(EventFilter{.attributes = {{"room", room}}});
  }
};

TEST_F(StreamEnd, EndsTheSubscriptionAfterItsFrame) {
  Make();
  const auto reader = Latest({"a/1"});
  Run();
  Publish("a/1", "1");
  Publish(Ending(MakeEvent("a/1", "end")));
  Publish("a/1", "too late");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "end"));
  EXPECT_TRUE(reader->received().back().last);
  EXPECT_EQ(reader->received().back().id(), Id(2) + ".end");
  EXPECT_EQ(reader->subscription().state(), State::kEnded);
}

TEST_F(StreamEnd, EndsOnlyThoseWhoseFilterItPasses) {
  Make();
  Reader one(shard(), {.topics = {"a/1"}, .filter = Room("1")});
  Reader two(shard(), {.topics = {"a/1"}, .filter = Room("2")});
  Run();
  Publish(With(Ending(MakeEvent("a/1", "end")), "room", "1"));
  Publish(With(MakeEvent("a/1", "more"), "room", "2"));
  Run();
  EXPECT_EQ(one.subscription().state(), State::kEnded);
  EXPECT_EQ(two.subscription().state(), State::kCaughtUp);
  EXPECT_THAT(two.data(), ElementsAre("more"));
}

TEST_F(StreamEnd, OfSeveralTopicsComesWhenEachHasEnded) {
  Make();
  const auto reader = Latest({"a/1", "b/1"});
  Run();
  Publish(Ending(MakeEvent("a/1", "end a")));
  Publish("a/1", "not for us any more");
  Publish("b/1", "b goes on");
  Run();
  EXPECT_EQ(reader->subscription().state(), State::kCaughtUp);
  Publish(Ending(MakeEvent("b/1", "end b")));
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("end a", "b goes on", "end b"));
  EXPECT_EQ(reader->received()[0].id(), Id(1)) << "its id must not tell the client to stay away";
  EXPECT_EQ(reader->received()[2].id(), Id(4) + ".end");
  EXPECT_EQ(reader->subscription().state(), State::kEnded);
}

TEST_F(StreamEnd, ComesToAFirstContactThatFindsOnlyAnEnd) {
  Make();
  Publish("a/1", "1");
  Publish(Ending(MakeEvent("a/1", "end")));
  const auto reader = FromEarliest({"a/1"});
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "end"));
  EXPECT_EQ(reader->subscription().state(), State::kEnded);
}

TEST_F(StreamEnd, AStreamThatEndedGoesOnForWhoResumesBeforeALaterEvent) {
  Make();
  const Offset end = Publish(Ending(MakeEvent("a/1", "end")));
  Publish("a/1", "again");
  const auto reader = ResumeAt({"a/1"}, FormatEventId({kEpoch, end, true}));
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("again"));
  EXPECT_EQ(reader->subscription().start_id(), Id(end));
}

// However far it has to look, it looks from the loop, not deeper and deeper.
TEST_F(StreamEnd, TheSearchGoesThroughALongHistoryInStretches) {
  Make({.events_per_topic = 100'000});
  for (int i = 0; i < 50'000; ++i) Publish(With(MakeEvent("a/1", "x"), "room", "2"));
  const size_t reads = log_->reads();
  EXPECT_FALSE(AnyAfter({"a/1"}, 0, Room("1")));
  EXPECT_GT(log_->reads(), reads + 100);
}

TEST_F(StreamEnd, TheSearchFindsLaterEventsThatPass) {
  Make();
  const Offset end = Publish(With(Ending(MakeEvent("a/1", "end")), "room", "1"));
  EXPECT_FALSE(AnyAfter({"a/1"}, end));
  for (int i = 0; i < 1000; ++i) Publish(With(MakeEvent("a/1", "x"), "room", "2"));
  EXPECT_TRUE(AnyAfter({"a/1"}, end));
  EXPECT_FALSE(AnyAfter({"a/1"}, end, Room("1")));
  EXPECT_FALSE(AnyAfter({"b/1", "c/1"}, 0));
  Publish(With(MakeEvent("a/1", "x"), "room", "1"));
  EXPECT_TRUE(AnyAfter({"a/1"}, end, Room("1")));
  EXPECT_TRUE(AnyAfter({"b/1", "a/1"}, end, Room("1")));
}

}  // namespace
}  // namespace sluice
