#include <gtest/gtest.h>

#include "bridge/access/none_authorizer.h"
#include "bridge/access/refusing_authorizer.h"
#include "tests/access/ask.h"

namespace sluice {
namespace {

TEST(NoneAuthorizer, AllowsEverythingToEverybody) {
  NoneAuthorizer authorizer;
  const Decision decision = Ask(authorizer, {.action = Action::kAdminister});
  EXPECT_TRUE(decision.allowed());
  EXPECT_EQ(decision.expires_at, absl::InfiniteFuture());
  EXPECT_TRUE(authorizer.wants().headers.empty());
}

TEST(RefusingAuthorizer, RefusesAndSaysWhatToConfigure) {
  RefusingAuthorizer authorizer;
  const Decision decision = Ask(authorizer, {.credential = "good"});
  EXPECT_EQ(decision.verdict, Decision::Verdict::kForbidden);
  EXPECT_EQ(decision.reason,
            "no authorizer is configured: set `authorizer:` or mark the route `public: true`");
}

}  // namespace
}  // namespace sluice
