#include "bridge/http/cors.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr char kAllow[] = "Access-Control-Allow-Origin";
constexpr char kCredentials[] = "Access-Control-Allow-Credentials";

HeaderFields Answer(const CorsPolicy& policy, std::string_view origin) {
  HeaderFields fields;
  Cors(policy).AddTo(origin, fields);
  return fields;
}

TEST(Cors, SaysNothingWithoutAList) { EXPECT_THAT(Answer({}, "https://a.example"), IsEmpty()); }

TEST(Cors, NamesAnOriginThatIsListed) {
  EXPECT_THAT(Answer({.origins = {"https://a.example", "https://b.example"}}, "https://b.example"),
              ElementsAre(Pair("Vary", "Origin"), Pair(kAllow, "https://b.example")));
}

TEST(Cors, GivesAnotherOriginNothingButVary) {
  const CorsPolicy policy{
      .origins = {"https://a.example"}, .credentials = true, .exposed_headers = {"X-Id"}};
  for (const char* origin : {"", "null", "https://a.example.evil", "https://A.example",
                             "http://a.example", "https://a.example:8443", "https://a.example/"}) {
    EXPECT_THAT(Answer(policy, origin), ElementsAre(Pair("Vary", "Origin"))) << origin;
  }
}

TEST(Cors, AllowsEverybodyWithAStar) {
  EXPECT_THAT(Answer({.origins = {"*"}}, "https://a.example"), ElementsAre(Pair(kAllow, "*")));
}

TEST(Cors, NeverPutsCredentialsBesideAStar) {
  const CorsPolicy policy{.origins = {"*", "https://a.example"}, .credentials = true};
  EXPECT_THAT(Answer(policy, "https://b.example"),
              ElementsAre(Pair("Vary", "Origin"), Pair(kAllow, "*")));
  EXPECT_THAT(Answer(policy, "https://a.example"),
              ElementsAre(Pair("Vary", "Origin"), Pair(kAllow, "https://a.example"),
                          Pair(kCredentials, "true")));
}

TEST(Cors, ExposesHeaders) {
  EXPECT_THAT(Answer({.origins = {"*"}, .exposed_headers = {"X-A", "X-B"}}, "https://a.example"),
              Contains(Pair("Access-Control-Expose-Headers", "X-A, X-B")));
}

TEST(Cors, AnswersAPreflight) {
  HeaderFields fields;
  Cors({.origins = {"https://a.example"}, .credentials = true, .max_age = absl::Minutes(5)})
      .AddPreflightTo("https://a.example", "GET, HEAD", fields);
  EXPECT_THAT(fields, ElementsAre(Pair("Vary", "Origin"), Pair(kAllow, "https://a.example"),
                                  Pair(kCredentials, "true"),
                                  Pair("Access-Control-Allow-Methods", "GET, HEAD"),
                                  Pair("Access-Control-Allow-Headers",
                                       "Authorization, Cache-Control, Content-Type, Last-Event-ID"),
                                  Pair("Access-Control-Max-Age", "300")));
  fields.clear();
  Cors({.origins = {"https://a.example"}}).AddPreflightTo("https://b.example", "GET, HEAD", fields);
  EXPECT_THAT(fields, ElementsAre(Pair("Vary", "Origin")));
}

}  // namespace
}  // namespace sluice
