// Every queue has a bound: the inbox, the windows, what a slow reader holds.
#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;

class Bounds : public HubFixture {
 protected:
  static std::vector<std::string> Numbers(int from, int to) {
    std::vector<std::string> numbers;
    for (int i = from; i <= to; ++i) numbers.push_back(std::to_string(i));
    return numbers;
  }
};

TEST_F(Bounds, AnInboxThatOverflowsIsCaughtUpFromTheLog) {
  Make({}, {.inbox_events = 10});
  const auto reader = Latest({"a/1"});
  const auto other = Latest({"b/1"});
  Run();
  for (int i = 1; i <= 50; ++i) Publish("a/1", std::to_string(i));
  Run();
  EXPECT_EQ(metrics_.inbox_overflows, 1u);
  EXPECT_EQ(reader->data(), Numbers(1, 50));
  for (int i = 51; i <= 55; ++i) Publish("a/1", std::to_string(i));
  Publish("b/1", "quiet");
  Run();
  EXPECT_EQ(reader->data(), Numbers(1, 55));
  EXPECT_THAT(other->data(), ElementsAre("quiet"));
}

TEST_F(Bounds, ASubscriberThatJoinsDuringAnOverflowMissesNothing) {
  Make({}, {.inbox_events = 10});
  const auto reader = Latest({"a/1"});
  Run();
  for (int i = 1; i <= 50; ++i) Publish("a/1", std::to_string(i));
  const auto joined = ResumeAt({"a/1"}, Id(5));
  Publish("a/1", "51");
  Run();
  EXPECT_EQ(joined->data(), Numbers(6, 51));
  EXPECT_EQ(reader->data(), Numbers(1, 51));
}

TEST_F(Bounds, AShardThatMayHaveLostSomeReadsOnFromTheLog) {
  Make();
  const auto reader = Latest({"a/1"});
  Run();
  Publish("a/1", "1");
  hub_->Lost(0, 0);
  Publish("a/1", "2");  // of which the tail tells nothing
  Run();
  EXPECT_EQ(metrics_.inbox_overflows, 1u);
  EXPECT_EQ(reader->data(), Numbers(1, 2));
  Publish("a/1", "3");
  Run();
  EXPECT_EQ(reader->data(), Numbers(1, 3));
}

TEST_F(Bounds, ACursorThatFallsOutOfTheWindowGoesBackToTheLog) {
  Make({}, {.window_bytes = 2000});
  const auto slow = Latest({"a/1"});
  Run();
  slow->Stop();
  for (int i = 1; i <= 200; ++i) {
    Publish("a/1", std::to_string(i));
    Run();
  }
  slow->Resume();
  Run();
  EXPECT_EQ(slow->data(), Numbers(1, 200));
}

TEST_F(Bounds, ACursorThatFallsOutOfTheLogGetsAGap) {
  Make({.events_per_topic = 10}, {.window_bytes = 2000});
  const auto slow = Latest({"a/1"});
  Run();
  Publish("a/1", "1");
  Run();
  slow->Stop();
  for (int i = 2; i <= 200; ++i) {
    Publish("a/1", std::to_string(i));
    Run();
  }
  slow->Resume();
  Run();
  ASSERT_EQ(slow->received().size(), 12u);
  EXPECT_TRUE(slow->received()[1].gap);
  EXPECT_EQ(slow->received()[1].requested, Id(1));
  EXPECT_EQ(slow->received()[1].offset, 190u);
  EXPECT_EQ(slow->received()[2].data, "191");
}

TEST_F(Bounds, AReaderThatPausesMidReplayGivesTheReadEventsBack) {
  Make();
  for (int i = 1; i <= 300; ++i) Publish("a/1", std::to_string(i));
  const auto reader = ResumeAt({"a/1"}, Id(0));
  reader->TakeAtMost(7);
  reader->PauseAfterTaking();
  Run();
  EXPECT_EQ(reader->data(), Numbers(1, 300));
}

TEST_F(Bounds, AllWindowsTogetherAreBounded) {
  Make({}, {.window_bytes = 1 << 20, .windows_bytes = 50'000});
  std::vector<std::unique_ptr<Reader>> readers;
  for (int t = 0; t < 20; ++t) {
    readers.push_back(Latest({"a/" + std::to_string(t)}));
    readers.back()->Stop();
  }
  Run();
  std::vector<std::weak_ptr<const StoredEvent>> events;
  for (int i = 1; i <= 50; ++i) {
    for (int t = 0; t < 20; ++t) Publish("a/" + std::to_string(t), std::string(200, 'x'));
    Run();
  }
  for (const auto& reader : readers) {
    reader->Resume();
    Run();
    EXPECT_EQ(reader->received().size(), 50u);
  }
  EXPECT_GT(log_->reads(), 0u) << "the windows must have let go of most of it";
}

TEST_F(Bounds, TransientEventsPushNoKeptEventOut) {
  Make({}, {.window_bytes = 4000});
  const auto slow = Latest({"a/1"});
  Run();
  slow->Stop();
  Publish("a/1", "kept");
  for (int i = 0; i < 1000; ++i) Publish(Transient(MakeEvent("a/1", "now")));
  Publish("a/1", "kept too");
  Run();
  slow->Resume();
  Run();
  EXPECT_EQ(log_->reads(), 0u);
  EXPECT_EQ(slow->data().front(), "kept");
  EXPECT_EQ(slow->data().back(), "kept too");
  EXPECT_LT(slow->data().size(), 20u) << "transient events a slow reader missed are skipped";
}

TEST_F(Bounds, OneWakeUpServesAWholeBurst) {
  Make();
  const auto reader = Latest({"a/1"});
  Run();
  const size_t readies = reader->readies();
  for (int i = 1; i <= 100; ++i) Publish("a/1", std::to_string(i));
  Run();
  EXPECT_EQ(reader->readies(), readies + 1);
  EXPECT_EQ(reader->data(), Numbers(1, 100));
}

TEST_F(Bounds, AShardThatNeverRunsEmptyStillForgetsWhomItServed) {
  Make();
  std::vector<std::unique_ptr<Reader>> crowd;
  for (int i = 0; i < 600; ++i) crowd.push_back(Latest({"a/1"}));
  Run();
  // An event for every handler that runs: some are always ready.
  shard().context().restart();
  for (int i = 0; i < 500; ++i) {
    Publish("a/1", std::to_string(i));
    shard().context().poll_one();
    EXPECT_LE(shard().ready(), 2 * crowd.size() + 256);
  }
  Run();
  for (const auto& reader : crowd) EXPECT_EQ(reader->received().size(), 500u);
}

TEST_F(Bounds, ALargeCrowdIsServedInSlicesAndBurstsInBetweenAreTakenAlong) {
  Make();
  std::vector<std::unique_ptr<Reader>> crowd;
  for (int i = 0; i < 1000; ++i) crowd.push_back(Latest({"a/1"}));
  Run();
  Publish("a/1", "1");
  // One pass: a slice of the crowd.
  shard().context().restart();
  shard().context().poll_one();
  const auto served = std::count_if(crowd.begin(), crowd.end(),
                                    [](const auto& reader) { return !reader->received().empty(); });
  EXPECT_GT(served, 0);
  EXPECT_LE(served, 256);
  Publish("a/1", "2");
  Run();
  for (const auto& reader : crowd) EXPECT_THAT(reader->data(), ElementsAre("1", "2"));
  const auto at_once = std::count_if(crowd.begin(), crowd.end(),
                                     [](const auto& reader) { return reader->readies() == 2; });
  EXPECT_GE(at_once, 700) << "who was not served yet gets both events in one go";
}

}  // namespace
}  // namespace sluice
