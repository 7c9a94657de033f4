#include "bridge/access/ext_authz_answer.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "envoy/service/auth/v3/external_auth.pb.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;
using Verdict = Decision::Verdict;

const absl::Time kNow = absl::FromUnixSeconds(1000);

Decision Taken(const std::string& text) {
  envoy::service::auth::v3::CheckResponse answer;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &answer)) << text;
  return DecisionFromCheck(answer, "x-subject", kNow);
}

// An OK whose metadata holds this for the bridge.
Decision TakenWith(const std::string& fields) {
  return Taken(absl::StrCat("status {} ok_response {} dynamic_metadata { fields { key: 'sluice' ",
                            "value { struct_value { ", fields, " } } } }"));
}

std::string Text(const std::string& key, const std::string& value) {
  return absl::StrCat("fields { key: '", key, "' value { ", value, " } } ");
}

TEST(ExtAuthzAnswer, IsWhatWasDecidedOrNone) {
  const struct {
    const char* answer;
    Verdict verdict;
  } rows[] = {
      {"status {} ok_response {}", Verdict::kAllow},
      {"status { code: 0 }", Verdict::kAllow},
      {"ok_response {}", Verdict::kAllow},
      {"", Verdict::kError},
      {"dynamic_metadata {}", Verdict::kError},
      {"status { code: 7 }", Verdict::kForbidden},
      {"status { code: 16 }", Verdict::kUnauthenticated},
      {"status { code: 14 }", Verdict::kForbidden},
      {"status { code: -1 }", Verdict::kForbidden},
      {"status { code: 7 } ok_response {}", Verdict::kForbidden},
      {"status { code: 7 } denied_response {}", Verdict::kForbidden},
      {"status { code: 7 } denied_response { status { code: Unauthorized } }",
       Verdict::kUnauthenticated},
      {"status { code: 16 } denied_response { status { code: Forbidden } }", Verdict::kForbidden},
      {"status { code: 7 } denied_response { status { code: 404 } }", Verdict::kForbidden},
      {"status { code: 7 } denied_response { status { code: 302 } }", Verdict::kForbidden},
      {"status { code: 7 } denied_response { status { code: OK } }", Verdict::kForbidden},
      {"status { code: 7 } denied_response { status { code: 500 } }", Verdict::kError},
      {"status { code: 7 } denied_response { status { code: 503 } }", Verdict::kError},
      {"status { code: 0 } denied_response { status { code: Forbidden } }", Verdict::kError},
      {"denied_response { status { code: Forbidden } }", Verdict::kError},
  };
  for (const auto& row : rows) EXPECT_EQ(Taken(row.answer).verdict, row.verdict) << row.answer;
}

TEST(ExtAuthzAnswer, NamesTheSubjectInItsHeader) {
  EXPECT_EQ(Taken("status {} ok_response { headers { header { key: 'X-Subject' value: 'ada' } } "
                  "headers { header { key: 'x-other' value: 'eve' } } }")
                .subject,
            "ada");
  EXPECT_EQ(
      Taken("ok_response { headers { header { key: 'x-subject' raw_value: 'ada' } } }").subject,
      "ada");
  EXPECT_EQ(Taken("ok_response { headers { header { key: 'x-subject' value: 'ada' } } "
                  "headers { header { key: 'x-subject' value: 'eve' } } }")
                .verdict,
            Verdict::kError);
  for (const char* bad : {"a\\nb", "\\377"}) {
    const std::string header = absl::StrCat(
        "ok_response { headers { header { key: 'x-subject' raw_value: '", bad, "' } } }");
    EXPECT_EQ(Taken(header).verdict, Verdict::kError) << bad;
  }
}

TEST(ExtAuthzAnswer, SaysWhyItDenies) {
  EXPECT_EQ(Taken("status { code: 7 message: 'no' }").reason, "no");
  EXPECT_EQ(Taken("status { code: 7 message: 'no' } denied_response { body: 'not yours' }").reason,
            "not yours");
  EXPECT_THAT(Taken("status { code: 7 message: 'a\\nb' }").reason, HasSubstr("control"));
}

TEST(ExtAuthzAnswer, NarrowsByItsMetadata) {
  const Decision decision = TakenWith(
      Text("subject", "string_value: 'ada'") + Text("expires_at", "number_value: 2000.5") +
      Text("attributes", "struct_value { " + Text("b", "string_value: '2'") +
                             Text("a", "string_value: '1'") + "}") +
      Text("event_types", "list_value { values { string_value: 'token' } }") +
      Text("field_masks",
           "struct_value { " + Text("*", "list_value { values { string_value: 'id' } }") + "}"));
  EXPECT_TRUE(decision.allowed()) << decision.reason;
  EXPECT_EQ(decision.subject, "ada");
  EXPECT_EQ(decision.expires_at, absl::FromUnixMillis(2'000'500));
  EXPECT_THAT(decision.attributes, ElementsAre(Pair("a", "1"), Pair("b", "2")));
  EXPECT_THAT(decision.event_types, ElementsAre("token"));
  EXPECT_EQ(decision.masks->Apply("any", R"({"id":1,"text":"x"})"), R"({"id":1})");
}

TEST(ExtAuthzAnswer, ExpiresAtATimeInEitherForm) {
  EXPECT_EQ(TakenWith(Text("expires_at", "string_value: '1970-01-01T01:00:00+00:00'")).expires_at,
            absl::FromUnixSeconds(3600));
  EXPECT_EQ(TakenWith(Text("expires_at", "number_value: 1000")).verdict, Verdict::kUnauthenticated);
  EXPECT_EQ(TakenWith(Text("expires_at", "string_value: '1970-01-01T00:00:01Z'")).verdict,
            Verdict::kUnauthenticated);
}

TEST(ExtAuthzAnswer, SaysWhenTheCredentialEnds) {
  const Decision both = TakenWith(Text("expires_at", "number_value: 2000") +
                                  Text("credential_expires_at", "number_value: 3000"));
  EXPECT_EQ(both.expires_at, absl::FromUnixSeconds(2000));
  EXPECT_EQ(both.credential_expires_at, absl::FromUnixSeconds(3000));
  const Decision alone =
      TakenWith(Text("credential_expires_at", "string_value: '1970-01-01T01:00:00Z'"));
  EXPECT_EQ(alone.expires_at, absl::FromUnixSeconds(3600)) << "an answer ends with its credential";
  EXPECT_EQ(alone.credential_expires_at, absl::FromUnixSeconds(3600));
  EXPECT_EQ(TakenWith(Text("credential_expires_at", "number_value: 1000")).verdict,
            Verdict::kUnauthenticated);
}

TEST(ExtAuthzAnswer, WhoseMetadataCannotBeUnderstoodAllowsNothing) {
  const std::string rows[] = {
      Text("subjekt", "string_value: 'ada'"),
      Text("subject", "number_value: 1"),
      Text("subject", "string_value: 'a\\nb'"),
      Text("expires_at", "string_value: 'tomorrow'"),
      Text("expires_at", "string_value: ''"),
      Text("expires_at", "string_value: 'infinite-future'"),
      Text("expires_at", "number_value: nan"),
      Text("expires_at", "number_value: inf"),
      Text("expires_at", "number_value: 1e300"),
      Text("expires_at", "null_value: NULL_VALUE"),
      Text("credential_expires_at", "number_value: 1e300"),
      Text("credential_expires_at", "bool_value: true"),
      Text("attributes", "string_value: 'a'"),
      Text("attributes", "struct_value { " + Text("a", "number_value: 1") + "}"),
      Text("event_types", "string_value: 'token'"),
      Text("event_types", "list_value {}"),
      Text("event_types", "list_value { values { number_value: 1 } }"),
      Text("field_masks", "list_value {}"),
      Text("field_masks", "struct_value { " + Text("*", "string_value: 'id'") + "}"),
      Text("field_masks",
           "struct_value { " + Text("*", "list_value { values { string_value: 'a..b' } }") + "}"),
  };
  for (const std::string& row : rows) EXPECT_EQ(TakenWith(row).verdict, Verdict::kError) << row;
  EXPECT_EQ(
      Taken("status {} dynamic_metadata { fields { key: 'sluice' value { bool_value: true } } }")
          .verdict,
      Verdict::kError);
}

TEST(ExtAuthzAnswer, MayHoldOthersMetadata) {
  EXPECT_TRUE(
      Taken("status {} dynamic_metadata { fields { key: 'other' value { bool_value: true } } }")
          .allowed());
}

TEST(ExtAuthzAnswer, IsNoDecisionWhereItContradictsItself) {
  const std::string ours = "dynamic_metadata { fields { key: 'sluice' value { struct_value { " +
                           Text("subject", "string_value: 'ada'") + "} } } }";
  EXPECT_EQ(Taken("status {} ok_response { " + ours + " }").subject, "ada");
  EXPECT_EQ(Taken("status {} ok_response { " + ours + " } " + ours).verdict, Verdict::kError);
  EXPECT_EQ(
      Taken("status {} ok_response { headers { header { key: 'x-subject' value: 'eve' } } } " +
            ours)
          .verdict,
      Verdict::kError);
}

}  // namespace
}  // namespace sluice
