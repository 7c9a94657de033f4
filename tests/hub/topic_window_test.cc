#include "bridge/hub/topic_window.h"

#include <gtest/gtest.h>

#include "tests/fakes/events.h"

namespace sluice {
namespace {

class Window : public testing::Test {
 protected:
  bool Add(Offset offset, bool transient = false) {
    Event event = MakeEvent("a/1", std::to_string(offset));
    event.transient = transient;
    return window_.Add(std::make_shared<const StoredEvent>(std::move(event), EventId{1, offset}),
                       ++arrivals_, offset, bytes_max_);
  }
  // Everything from `place` on.
  std::vector<std::string> Rest(WindowPlace place) {
    std::vector<std::string> rest;
    while (const WindowEntry* entry = window_.Next(place)) {
      rest.emplace_back(*entry->shared.event().data());
      TopicWindow::Step(place, *entry);
    }
    return rest;
  }
  using Strings = std::vector<std::string>;

  TopicWindow window_{"a/1", 0, {1, 10}};
  uint64_t arrivals_ = 0;
  size_t bytes_max_ = 1 << 20;
};

TEST_F(Window, IsCompleteFromTheHeadItWasFollowedAt) {
  EXPECT_EQ(window_.complete_from(), 10u);
  EXPECT_FALSE(Add(10)) << "what the head covers is the log's";
  EXPECT_TRUE(Add(11));
  EXPECT_EQ(Rest(window_.PlaceAfter(10)), Strings({"11"}));
}

TEST_F(Window, HasAPlaceForEveryOffset) {
  Add(11);
  Add(15);
  Add(20);
  EXPECT_EQ(Rest(window_.PlaceAfter(10)), Strings({"11", "15", "20"}));
  EXPECT_EQ(Rest(window_.PlaceAfter(14)), Strings({"15", "20"}));
  EXPECT_EQ(Rest(window_.PlaceAfter(15)), Strings({"20"}));
  EXPECT_EQ(Rest(window_.PlaceAfter(99)), Strings());
}

TEST_F(Window, LetsGoOfTheOldestAndSaysFromWhereItIsComplete) {
  Add(11);
  const WindowPlace old = window_.PlaceAfter(10);
  bytes_max_ = 1;
  Add(12);
  Add(13);
  EXPECT_EQ(window_.complete_from(), 12u);
  EXPECT_TRUE(window_.FellOut(old));
  EXPECT_FALSE(window_.FellOut(window_.PlaceAfter(12)));
}

TEST_F(Window, AfterARestartEvenWhoHadEverythingFindsItselfOutside) {
  Add(11);
  const WindowPlace end = window_.End();
  window_.Restart({1, 20});
  EXPECT_TRUE(window_.FellOut(end));
  EXPECT_EQ(window_.complete_from(), 20u);
  EXPECT_FALSE(Add(15));
  EXPECT_TRUE(Add(21));
}

TEST_F(Window, ShrinksByTheOlderHalf) {
  for (Offset offset = 11; offset <= 20; ++offset) Add(offset);
  const size_t bytes = window_.bytes();
  window_.Shrink();
  EXPECT_EQ(window_.complete_from(), 15u);
  EXPECT_EQ(window_.bytes(), bytes / 2);
}

TEST_F(Window, CountsTransientEventsAndLetsGoOfThemFirst) {
  Add(11);
  const size_t kept = window_.bytes();
  Add(11, true);
  EXPECT_GT(window_.bytes(), kept);
  Add(12);
  window_.Shrink();
  EXPECT_EQ(window_.bytes(), kept);
}

TEST_F(Window, PutsTransientEventsWhereTheyCame) {
  Add(11);
  const WindowPlace place = window_.PlaceAfter(11);
  Add(11, true);
  Add(12);
  Add(12, true);
  EXPECT_EQ(Rest(place), Strings({"11", "12", "12"}));
  EXPECT_EQ(Rest(window_.PlaceAfter(10)), Strings({"11", "12"})) << "those before are past";
}

}  // namespace
}  // namespace sluice
