#include "bridge/http/session_bound.h"

#include <vector>

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(SessionBound, GivesPlacesBack) {
  SessionBound bound(2);
  auto first = bound.Take();
  auto second = bound.Take();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(bound.Take());
  first.reset();
  EXPECT_TRUE(bound.Take());
}

TEST(SessionBound, CountsEachKeyForItself) {
  SessionBound bound(1);
  const auto a = bound.Take("10.0.0.1");
  EXPECT_TRUE(a);
  EXPECT_FALSE(bound.Take("10.0.0.1"));
  EXPECT_TRUE(bound.Take("10.0.0.2"));
}

TEST(SessionBound, HasNoLimitAtZero) {
  SessionBound bound(0);
  std::vector<SessionBound::Lease> leases;
  for (int i = 0; i < 100; ++i) leases.push_back(*bound.Take("a"));
  EXPECT_TRUE(bound.Take("a"));
}

TEST(SessionBound, CountsALeaseOnceHoweverItMoves) {
  SessionBound bound(1);
  SessionBound::Lease kept;
  {
    auto lease = bound.Take("a");
    kept = *std::move(lease);
  }
  EXPECT_FALSE(bound.Take("a"));
  kept = SessionBound::Lease();
  EXPECT_TRUE(bound.Take("a"));
}

TEST(SessionBound, MayEndBeforeItsLeases) {
  auto bound = std::make_unique<SessionBound>(1);
  const auto lease = bound->Take();
  bound.reset();
  EXPECT_TRUE(lease);
}

}  // namespace
}  // namespace sluice
