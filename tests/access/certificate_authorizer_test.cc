#include "bridge/access/certificate_authorizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/access/ask.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using Verdict = Decision::Verdict;

TEST(CertificateName, FitsAStarToWhatIsBetweenDelimiters) {
  const struct {
    const char* pattern;
    const char* name;
    bool fits;
  } rows[] = {
      {"a.example", "a.example", true},
      {"a.example", "b.example", false},
      {"a.example", "a.example.evil", false},
      {"a.example", "xa.example", false},
      {"*.example", "a.example", true},
      {"*.example", ".example", false},
      {"*.example", "a.b.example", false},
      {"*.example", "a/b.example", false},
      {"*.example", "a.example.evil", false},
      {"a-*.example", "a-1.example", true},
      {"a-*-b.example", "a-1-b-b.example", true},
      {"*a*.example", "xaay.example", true},
      {"*a*.example", "xa.example", false},
      {"*.*.example", "a.b.example", true},
      {"*", "a", true},
      {"*", "", false},
      {"*", "a.b", false},
      {"a*", "a", false},
      {"", "", true},
      {"spiffe://example/ns/*/orders", "spiffe://example/ns/prod/orders", true},
      {"spiffe://example/ns/*/orders", "spiffe://example/ns/a/b/orders", false},
      {"spiffe://example/ns/*/orders", "spiffe://example.evil/ns/prod/orders", false},
      {"*.example", "x@a.example", false},
      {"*.example", "urn:a.example", false},
      {"*@a.example", "x@a.example", true},
      {"*@a.example", "x@y@a.example", false},
      {"*.example", "*.example", true},
      {"a.example", "*.example", false},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(CertificateNameFits(row.pattern, row.name), row.fits)
        << row.pattern << " " << row.name;
  }
  EXPECT_FALSE(CertificateNameFits("a.example", std::string_view("a.example\0.evil", 15)));
}

class CertificateAuthorizerTest : public testing::Test {
 protected:
  static TopicPattern Pattern(const char* text) { return TopicPattern::Parse(text).value(); }

  Decision AskAs(std::vector<std::string> names, Action action, std::vector<std::string> topics) {
    return Ask(
        *authorizer_,
        {.action = action, .topics = std::move(topics), .certificate_names = std::move(names)});
  }

  const std::unique_ptr<Authorizer> authorizer_ = MakeCertificateAuthorizer({
      {.names = {"api.orders.example"},
       .publish = {Pattern("orders/**"), Pattern("user/*")},
       .subscribe = {Pattern("orders/**"), Pattern("of/api.orders.example")}},
      {.names = {"*.orders.example", "ops.example"}, .stats = true, .admin = true},
  });
};

TEST_F(CertificateAuthorizerTest, WantsTheNames) {
  EXPECT_TRUE(authorizer_->wants().certificate_names);
}

TEST_F(CertificateAuthorizerTest, WithoutACertificateNobodyIsKnown) {
  EXPECT_EQ(AskAs({}, Action::kPublish, {"orders/1"}).verdict, Verdict::kUnauthenticated);
}

TEST_F(CertificateAuthorizerTest, TheFirstRuleThatFitsDecides) {
  const Decision allowed =
      AskAs({"x", "api.orders.example"}, Action::kPublish, {"orders/1", "user/7"});
  EXPECT_TRUE(allowed.allowed());
  EXPECT_EQ(allowed.subject, "api.orders.example");
  // The second rule would allow it, but it is not its turn.
  EXPECT_EQ(AskAs({"api.orders.example"}, Action::kReadStats, {}).verdict, Verdict::kForbidden);
  EXPECT_TRUE(AskAs({"b.orders.example"}, Action::kReadStats, {}).allowed());
}

TEST_F(CertificateAuthorizerTest, NamesTheTopicsThatAreNotAllowed) {
  const Decision denied =
      AskAs({"api.orders.example"}, Action::kPublish, {"orders/1", "payments/1", "user/7/x"});
  EXPECT_EQ(denied.verdict, Verdict::kForbidden);
  EXPECT_THAT(denied.denied_topics, ElementsAre("payments/1", "user/7/x"));
  EXPECT_EQ(AskAs({"api.orders.example"}, Action::kSubscribe, {"user/7"}).verdict,
            Verdict::kForbidden);
  EXPECT_EQ(AskAs({"api.orders.example"}, Action::kSubscribe, {}).verdict, Verdict::kForbidden);
}

TEST_F(CertificateAuthorizerTest, ThatFitsNoRuleIsForbidden) {
  for (const char* name : {"orders.example", "a.b.orders.example", "api.orders.example.evil",
                           "mallory@x.orders.example", "urn:x.orders.example"}) {
    EXPECT_EQ(AskAs({name}, Action::kReadStats, {}).verdict, Verdict::kForbidden) << name;
  }
}

TEST_F(CertificateAuthorizerTest, AllowsNothingForLongerThanTheCertificateLasts) {
  const absl::Time until = absl::FromUnixSeconds(1'800'000'000);
  const Decision decision = Ask(*authorizer_, {.action = Action::kReadStats,
                                               .certificate_names = {"ops.example"},
                                               .certificate_expires_at = until});
  EXPECT_TRUE(decision.allowed());
  EXPECT_EQ(decision.credential_expires_at, until);
}

TEST_F(CertificateAuthorizerTest, FillsTheSubjectIntoTopics) {
  EXPECT_TRUE(AskAs({"api.orders.example"}, Action::kSubscribe, {"of/{subject}"}).allowed());
  EXPECT_EQ(AskAs({"b.orders.example"}, Action::kSubscribe, {"of/{subject}"}).verdict,
            Verdict::kForbidden);
}

TEST_F(CertificateAuthorizerTest, KeepsAdminAndReflectionForThoseThatMay) {
  for (const Action action : {Action::kAdminister, Action::kReflect}) {
    EXPECT_TRUE(AskAs({"ops.example"}, action, {}).allowed());
    EXPECT_EQ(AskAs({"api.orders.example"}, action, {}).verdict, Verdict::kForbidden);
  }
}

}  // namespace
}  // namespace sluice
