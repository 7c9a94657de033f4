#include "bridge/http/credentials.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using Fields = std::vector<std::pair<std::string, std::string>>;

absl::StatusOr<std::string> Credential(Fields fields, std::string_view target = "/") {
  RequestHead head;
  head.fields = std::move(fields);
  return CredentialOf(head, *RequestTarget::Parse(target), {"token", "access_token"},
                      {"session", "sid"});
}

TEST(Credentials, TakesExplicitOnesBeforeAmbientOnes) {
  const Fields all = {{"authorization", "Bearer header"}, {"cookie", "session=cookie"}};
  EXPECT_EQ(*Credential(all, "/?token=query"), "header");
  EXPECT_EQ(*Credential({all[1]}, "/?token=query"), "query");
  EXPECT_EQ(*Credential({all[1]}), "cookie");
  EXPECT_EQ(*Credential({}), "");
}

TEST(Credentials, ReadsBearerTokens) {
  EXPECT_EQ(*Credential({{"authorization", "bearer  abc.def  "}}), "abc.def");
  EXPECT_EQ(*Credential({{"authorization", "Basic dXNlcg=="}}, "/?token=query"), "query");
  EXPECT_EQ(*Credential({{"authorization", "Bearer"}}), "");
  EXPECT_EQ(*Credential({{"authorization", "Bearer "}}, "/?token=query"), "query");
}

TEST(Credentials, ReadsQueryParametersInTheirOrder) {
  EXPECT_EQ(*Credential({}, "/?access_token=b&token=a"), "a");
  EXPECT_EQ(*Credential({}, "/?access_token=b&token="), "b");
  EXPECT_EQ(*Credential({}, "/?Token=a"), "");
}

TEST(Credentials, ReadsCookies) {
  EXPECT_EQ(*Credential({{"cookie", "a=1; session=x=y==;sid=2"}}), "x=y==");
  EXPECT_EQ(*Credential({{"cookie", "a=1"}, {"cookie", " sid = 2 "}}), "2");
  EXPECT_EQ(*Credential({{"cookie", "xsession=1; sessionx=2; session"}}), "");
  EXPECT_EQ(*Credential({{"cookie", ";;=;session=;sid=2"}}), "2");
}

TEST(Credentials, RefusesWhatIsAmbiguousOrNoText) {
  EXPECT_FALSE(Credential({{"authorization", "Bearer a"}, {"authorization", "Bearer b"}}).ok());
  EXPECT_FALSE(Credential({{"authorization", "Bearer \xff"}}).ok());
  const auto control = Credential({}, "/?token=secret%0A");
  EXPECT_FALSE(control.ok());
  EXPECT_THAT(std::string(control.status().message()),
              ::testing::Not(::testing::HasSubstr("secret")));
}

}  // namespace
}  // namespace sluice
