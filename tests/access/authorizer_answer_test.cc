#include "bridge/access/authorizer_answer.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "sluice/v1/authorizer.pb.h"

namespace sluice {
namespace {

using Verdict = Decision::Verdict;

const absl::Time kNow = absl::FromUnixSeconds(1000);

Decision Taken(const std::string& text) {
  v1::AuthorizeResponse answer;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &answer)) << text;
  return DecisionFromAnswer(answer, kNow);
}

TEST(DecisionFromAnswer, IsWhatWasDecidedOrNone) {
  const struct {
    const char* answer;
    Verdict verdict;
  } rows[] = {
      {"decision: DECISION_ALLOW", Verdict::kAllow},
      {"decision: DECISION_DENY_UNAUTHENTICATED", Verdict::kUnauthenticated},
      {"decision: DECISION_DENY_FORBIDDEN", Verdict::kForbidden},
      {"decision: DECISION_ERROR", Verdict::kError},
      {"", Verdict::kError},
      {"decision: 99", Verdict::kError},
      {"subject: 'ada'", Verdict::kError},
      {"decision: DECISION_ALLOW denied_topics: 'a'", Verdict::kForbidden},
      {"decision: DECISION_ALLOW expires_at { seconds: 1001 }", Verdict::kAllow},
      {"decision: DECISION_ALLOW expires_at { seconds: 1000 }", Verdict::kUnauthenticated},
      {"decision: DECISION_ALLOW expires_at { seconds: -9223372036854775808 }",
       Verdict::kUnauthenticated},
      {"decision: DECISION_ALLOW expires_at { seconds: 253402300800 }", Verdict::kError},
      {"decision: DECISION_ALLOW credential_expires_at { seconds: 1001 }", Verdict::kAllow},
      {"decision: DECISION_ALLOW credential_expires_at { seconds: 1000 }",
       Verdict::kUnauthenticated},
      {"decision: DECISION_ALLOW expires_at { seconds: 2000 } "
       "credential_expires_at { seconds: 1000 }",
       Verdict::kUnauthenticated},
      {"decision: DECISION_ALLOW credential_expires_at { seconds: 253402300800 }", Verdict::kError},
      {"decision: DECISION_ALLOW subject: 'a\\nb'", Verdict::kError},
  };
  for (const auto& row : rows) EXPECT_EQ(Taken(row.answer).verdict, row.verdict) << row.answer;
}

TEST(DecisionFromAnswer, CarriesWhatIsImposed) {
  const Decision decision = Taken(R"(
      decision: DECISION_ALLOW subject: 'ada' expires_at { seconds: 2000 nanos: 5 }
      attributes { key: 'b' value: '2' } attributes { key: 'a' value: '1' }
      event_types: 'token' event_types: 'done')");
  EXPECT_EQ(decision.subject, "ada");
  EXPECT_EQ(decision.expires_at, absl::FromUnixSeconds(2000) + absl::Nanoseconds(5));
  EXPECT_EQ(decision.attributes, (Attributes{{"a", "1"}, {"b", "2"}}));
  EXPECT_EQ(decision.event_types, (std::vector<std::string>{"token", "done"}));
}

TEST(DecisionFromAnswer, SaysWhenTheCredentialEnds) {
  EXPECT_EQ(Taken("decision: DECISION_ALLOW expires_at { seconds: 2000 }").credential_expires_at,
            absl::InfiniteFuture())
      << "the answer's end is not the credential's";
  const Decision sooner = Taken(
      "decision: DECISION_ALLOW expires_at { seconds: 2000 } "
      "credential_expires_at { seconds: 3000 }");
  EXPECT_EQ(sooner.expires_at, absl::FromUnixSeconds(2000));
  EXPECT_EQ(sooner.credential_expires_at, absl::FromUnixSeconds(3000));
  const Decision later = Taken("decision: DECISION_ALLOW credential_expires_at { seconds: 3000 }");
  EXPECT_EQ(later.expires_at, absl::FromUnixSeconds(3000)) << "an answer ends with its credential";
}

TEST(DecisionFromAnswer, CarriesReasonAndDeniedTopicsOfADenial) {
  const Decision decision =
      Taken("decision: DECISION_DENY_FORBIDDEN reason: 'not yours' denied_topics: 'user/7'");
  EXPECT_EQ(decision.reason, "not yours");
  EXPECT_EQ(decision.denied_topics, std::vector<std::string>{"user/7"});
}

TEST(DecisionFromAnswer, KeepsReasonsShortAndOnOneLine) {
  std::string umlauts;
  for (int i = 0; i < 300; ++i) umlauts += "\xc3\xa4";
  EXPECT_EQ(Taken("decision: DECISION_ERROR reason: 'x" + umlauts + "'").reason.size(), 511u);
  EXPECT_EQ(Taken("decision: DECISION_ERROR reason: 'a\\nb'").reason.find('\n'), std::string::npos);
}

}  // namespace
}  // namespace sluice
