#include "bridge/http/session_rate.h"

#include "gtest/gtest.h"
#include "tests/fakes/fake_clock.h"

namespace sluice {
namespace {

// How many may begin now, before one may not.
int Granted(SessionRate& rate, std::string_view key) {
  int granted = 0;
  while (granted < 1000 && !rate.Take(key)) ++granted;
  return granted;
}

TEST(SessionRate, LetsAsManyBeginAtOnceAsInTenSeconds) {
  FakeClock clock;
  SessionRate rate(2, clock);
  EXPECT_EQ(Granted(rate, "a"), 20);
  EXPECT_EQ(Granted(rate, "b"), 20) << "each key for itself";
  clock.Advance(absl::Seconds(3));
  EXPECT_EQ(Granted(rate, "a"), 6);
  clock.Advance(absl::Hours(1));
  EXPECT_EQ(Granted(rate, "a"), 20) << "no more than that, however long nothing came";
}

TEST(SessionRate, SaysTrulyWhenTheNextOneMayBegin) {
  FakeClock clock;
  SessionRate rate(4, clock);
  Granted(rate, "a");
  clock.Advance(absl::Milliseconds(100));
  const auto wait = rate.Take("a");
  ASSERT_TRUE(wait);
  EXPECT_EQ(*wait, absl::Milliseconds(150));
  clock.Advance(*wait - absl::Nanoseconds(1));
  EXPECT_TRUE(rate.Take("a")) << "asking in vain changes nothing";
  clock.Advance(absl::Nanoseconds(1));
  EXPECT_FALSE(rate.Take("a"));
}

TEST(SessionRate, HasNoBoundAtZero) {
  FakeClock clock;
  SessionRate rate(0, clock);
  EXPECT_EQ(Granted(rate, "a"), 1000);
  EXPECT_EQ(rate.keys(), 0u);
}

TEST(SessionRate, ForgetsThoseNotSeenForLongest) {
  FakeClock clock;
  SessionRate rate(1, clock, 3);
  for (const char* key : {"a", "b", "c"}) Granted(rate, key);
  EXPECT_TRUE(rate.Take("a"));
  Granted(rate, "d");
  EXPECT_EQ(rate.keys(), 3u);
  EXPECT_TRUE(rate.Take("a")) << "it was seen just now";
  EXPECT_EQ(Granted(rate, "b"), 10) << "it was forgotten";
}

TEST(SessionRate, OutlivesAClockThatIsSetBack) {
  FakeClock clock;
  SessionRate rate(1, clock);
  Granted(rate, "a");
  clock.Advance(-absl::Hours(5));
  const auto wait = rate.Take("a");
  ASSERT_TRUE(wait);
  EXPECT_LE(*wait, absl::Seconds(1));
}

}  // namespace
}  // namespace sluice
