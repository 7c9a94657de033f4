#include "bridge/relay/backoff.h"

#include <gtest/gtest.h>

#include <set>

namespace sluice {
namespace {

constexpr absl::Duration kMin = absl::Milliseconds(200);
constexpr absl::Duration kMax = absl::Seconds(10);

TEST(Backoff, DoublesUpToTheLongestPause) {
  Backoff backoff(kMin, kMax, 1);
  absl::Duration full = kMin;
  for (int i = 0; i < 12; ++i) {
    const absl::Duration pause = backoff.Next();
    EXPECT_GE(pause, full / 2) << i;
    EXPECT_LE(pause, full) << i;
    full = std::min(full * 2, kMax);
  }
  EXPECT_EQ(full, kMax);
}

TEST(Backoff, BeginsAtTheShortestPauseAgain) {
  Backoff backoff(kMin, kMax, 1);
  for (int i = 0; i < 5; ++i) backoff.Next();
  backoff.Reset();
  EXPECT_LE(backoff.Next(), kMin);
  EXPECT_GT(backoff.Next(), kMin);
}

TEST(Backoff, IsAnotherForEverySeed) {
  std::set<absl::Duration> pauses;
  for (uint64_t seed = 0; seed < 100; ++seed) pauses.insert(Backoff(kMin, kMax, seed).Next());
  EXPECT_EQ(pauses.size(), 100u);
  EXPECT_LT(*pauses.begin(), kMin * 0.55);
  EXPECT_GT(*pauses.rbegin(), kMin * 0.95);
}

TEST(Backoff, NeverPausesLongerThanTheLongest) {
  Backoff backoff(absl::Seconds(20), kMax, 1);
  EXPECT_LE(backoff.Next(), kMax);
}

}  // namespace
}  // namespace sluice
