// Several topics on one stream, filters and views.
#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Merging : public HubFixture {};

void ExpectRisingOffsets(const Reader& reader) {
  Offset last = 0;
  for (const Received& one : reader.received()) {
    EXPECT_GT(one.offset, last);
    last = one.offset;
  }
}

TEST_F(Merging, SeveralTopicsComeInOffsetOrder) {
  Make();
  for (int i = 0; i < 10; ++i) Publish(i % 3 == 0 ? "a/1" : "b/1", std::to_string(i));
  const auto reader = ResumeAt({"a/1", "b/1"}, Id(0));
  Run();
  for (int i = 10; i < 20; ++i) Publish(i % 3 == 0 ? "b/1" : "a/1", std::to_string(i));
  Run();
  ASSERT_EQ(reader->received().size(), 20u);
  ExpectRisingOffsets(*reader);
}

// One topic's window is there already, the other's begins at a later head.
TEST_F(Merging, LatestOfSeveralTopicsBeginsAtOnePlaceForAll) {
  Make();
  const auto keeps_a = Latest({"a/1"});
  Run();
  Publish("a/1", "1");  // still in the inbox
  Publish("b/1", "2");
  const auto reader = Latest({"a/1", "b/1"});
  Run();
  EXPECT_EQ(reader->subscription().start_id(), Id(2));
  Publish("b/1", "3");
  Publish("a/1", "4");
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("3", "4"));
}

TEST_F(Merging, ATopicThatStillReplaysHoldsTheOthersBack) {
  Make();
  const auto keeps_b = Latest({"b/1"});  // b's window reaches back, a's does not
  Run();
  Publish("b/1", "1");
  Publish("a/1", "2");
  Publish("b/1", "3");
  Run();
  log_->HoldReads();
  const auto reader = ResumeAt({"a/1", "b/1"}, Id(0));
  Run();
  EXPECT_THAT(reader->data(), IsEmpty());
  Publish("b/1", "4");
  Run();
  EXPECT_THAT(reader->data(), IsEmpty());
  log_->ReleaseReads();
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "2", "3", "4"));
}

TEST_F(Merging, AGapStandsWhereItsTopicGoesOn) {
  Make({.events_per_topic = 2});
  Publish("b/1", "1");
  for (const char* data : {"2", "3", "4", "5"}) Publish("a/1", data);
  Publish("b/1", "6");
  const auto reader = ResumeAt({"a/1", "b/1"}, Id(0));
  Run();
  EXPECT_THAT(reader->data(), ElementsAre("1", "gap", "4", "5", "6"));
  ExpectRisingOffsets(*reader);
}

TEST_F(Merging, PartialTakesRepeatAndLoseNothing) {
  Make();
  const auto reader = Latest({"a/1", "b/1"});
  reader->TakeAtMost(7, 3);
  Run();
  for (int i = 0; i < 100; ++i) Publish(i % 2 ? "a/1" : "b/1", std::to_string(i));
  Run();
  ASSERT_EQ(reader->received().size(), 100u);
  ExpectRisingOffsets(*reader);
}

TEST_F(Merging, FiltersBelongToTheSubscriber) {
  Make();
  const auto filter =
      std::make_shared<const EventFilter>(EventFilter{.attributes = {{"room", "1"}}});
  Reader room(shard(), {.topics = {"a/1"}, .filter = filter});
  const auto all = Latest({"a/1"});
  Run();
  Publish(With(MakeEvent("a/1", "one"), "room", "1"));
  Publish(With(MakeEvent("a/1", "two"), "room", "2"));
  Run();
  EXPECT_THAT(room.data(), ElementsAre("one"));
  EXPECT_THAT(all->data(), ElementsAre("one", "two"));
}

TEST_F(Merging, AFilterAlsoHoldsForHistory) {
  Make();
  for (int i = 0; i < 1000; ++i) {
    Publish(With(MakeEvent("a/1", std::to_string(i)), "room", i % 500 == 499 ? "1" : "2"));
  }
  const auto filter =
      std::make_shared<const EventFilter>(EventFilter{.attributes = {{"room", "1"}}});
  Reader room(shard(), {.topics = {"a/1"}, .filter = filter, .last_event_id = Id(0)});
  Run();
  EXPECT_THAT(room.data(), ElementsAre("499", "999"));
}

TEST_F(Merging, AViewIsEncodedOncePerShardAndShared) {
  Make();
  const auto view = std::make_shared<const FrameView>(FrameView{.event_line = false});
  Reader first(shard(), {.topics = {"a/1"}, .view = view});
  Reader second(shard(), {.topics = {"a/1"}, .view = view});
  first.Stop();
  second.Stop();
  Run();
  Publish("a/1", "x");
  Run();
  Item one[1], two[1];
  ASSERT_EQ(first.subscription().Peek(one, 1), 1u);
  ASSERT_EQ(second.subscription().Peek(two, 1), 1u);
  EXPECT_EQ(one[0].frame, two[0].frame);
  EXPECT_EQ(one[0].frame->plain(), "id: " + Id(1) + "\ndata: x\n\n");
}

TEST_F(Merging, TheDefaultViewIsTheEventsOwnFrame) {
  Make({}, {}, 2);
  const auto first = Latest({"a/1"}, 0);
  const auto second = Latest({"a/1"}, 1);
  first->Stop();
  second->Stop();
  Run(0);
  Run(1);
  Publish("a/1", "x");
  Run(0);
  Run(1);
  Item one[1], two[1];
  ASSERT_EQ(first->subscription().Peek(one, 1), 1u);
  ASSERT_EQ(second->subscription().Peek(two, 1), 1u);
  EXPECT_EQ(one[0].frame, two[0].frame);
}

}  // namespace
}  // namespace sluice
