#include "bridge/base/log_budget.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(LogBudget, LeavesOutWhatIsPastItAndCountsThatInTheNextLine) {
  LogBudget budget(2);
  const absl::Time now = absl::UnixEpoch();
  EXPECT_EQ(budget.Take(now), 0u);
  EXPECT_EQ(budget.Take(now), 0u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(budget.Take(now + absl::Milliseconds(999)), std::nullopt);
  EXPECT_EQ(budget.Take(now + absl::Seconds(1)), 5u);
  EXPECT_EQ(budget.Take(now + absl::Seconds(1)), 0u);
  EXPECT_EQ(budget.Take(now + absl::Seconds(1)), std::nullopt);
  EXPECT_EQ(budget.Take(now + absl::Minutes(1)), 1u);
}

}  // namespace
}  // namespace sluice
