#include "bridge/server/config/access.h"

#include "bridge/server/authorizers.h"
#include "bridge/server/config/authorizers.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sluice/config/v1/config.pb.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(StandingPolicy, IsFiveMinutesAndOneOfGraceUnlessItIsSaid) {
  ReadConfig read = Read("");
  StandingPolicy policy = BuildStandingPolicy(read.config, &read.findings);
  EXPECT_EQ(policy.max_age, absl::Minutes(5));
  EXPECT_EQ(policy.grace, absl::Minutes(1));
  read = Read("access: {max_age: 20s, grace: 3s}");
  policy = BuildStandingPolicy(read.config, &read.findings);
  EXPECT_EQ(policy.max_age, absl::Seconds(20));
  EXPECT_EQ(policy.grace, absl::Seconds(3));
  EXPECT_THAT(read.findings.errors(), IsEmpty());
}

TEST(StandingPolicy, MayBeAsTheAnswerSaysAndWithoutGrace) {
  ReadConfig read = Read("access: {max_age: 0s, grace: 0s}");
  const StandingPolicy policy = BuildStandingPolicy(read.config, &read.findings);
  EXPECT_EQ(policy.max_age, absl::ZeroDuration());
  EXPECT_EQ(policy.grace, absl::ZeroDuration());
  EXPECT_THAT(read.findings.errors(), IsEmpty());
}

TEST(StandingPolicy, IsNoShorterThanItCanBeLookedAfter) {
  ReadConfig read = Read("access: {max_age: 1s}");
  BuildStandingPolicy(read.config, &read.findings);
  EXPECT_THAT(read.findings.errors(), ElementsAre(HasSubstr("access.max_age")));
}

TEST(WatchRevocations, IsOnUnlessItIsSwitchedOff) {
  for (const auto& [more, expected] :
       {std::pair("", true), {", watch_revocations: false", false}}) {
    ReadConfig read = Read("authorizer: {grpc: {address: 'localhost:1'" + std::string(more) + "}}");
    const AuthorizersOptions options = BuildAuthorizers(read.config, "", false, &read.findings);
    EXPECT_EQ(std::get<GrpcAuthorizerOptions>(options.by_name.at("")).watch_revocations, expected);
  }
}

}  // namespace
}  // namespace sluice
