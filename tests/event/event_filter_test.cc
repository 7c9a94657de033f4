#include "bridge/event/event_filter.h"

#include <gtest/gtest.h>

#include "tests/fakes/events.h"

namespace sluice {
namespace {

TEST(EventFilter, WantsEveryAttribute) {
  const EventFilter filter{.attributes = {{"room", "1"}, {"kind", "chat"}}};
  EXPECT_FALSE(filter.Passes(MakeEvent("a", "x")));
  EXPECT_FALSE(filter.Passes(With(MakeEvent("a", "x"), "room", "1")));
  EXPECT_TRUE(filter.Passes(With(With(MakeEvent("a", "x"), "kind", "chat"), "room", "1")));
  EXPECT_FALSE(filter.Passes(With(With(MakeEvent("a", "x"), "kind", "chat"), "room", "2")));
}

TEST(EventFilter, WithTwoValuesForOneKeyPassesNothing) {
  const EventFilter filter{.attributes = {{"room", "1"}, {"room", "2"}}};
  EXPECT_FALSE(filter.Passes(With(MakeEvent("a", "x"), "room", "1")));
}

TEST(EventFilter, WantsOneOfTheTypes) {
  const EventFilter filter{.types = {"note", "status"}};
  EXPECT_TRUE(filter.Passes(MakeEvent("a", "x", "note")));
  EXPECT_FALSE(filter.Passes(MakeEvent("a", "x", "secret")));
  EXPECT_FALSE(filter.Passes(MakeEvent("a", "x", "")));
}

}  // namespace
}  // namespace sluice
