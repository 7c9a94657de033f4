#include "bridge/route/request_target.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

RequestTarget Parsed(std::string_view target) {
  auto parsed = RequestTarget::Parse(target);
  EXPECT_TRUE(parsed.ok()) << target << ": " << parsed.status();
  return parsed.ok() ? *std::move(parsed) : RequestTarget();
}

TEST(RequestTarget, LeavesThePathAsItWasSent) {
  EXPECT_EQ(Parsed("/").path(), "/");
  EXPECT_EQ(Parsed("/v1/a%2Fb?x=1").path(), "/v1/a%2Fb");
  EXPECT_EQ(Parsed("//x/../y").path(), "//x/../y");
}

TEST(RequestTarget, DecodesQueryParameters) {
  const RequestTarget target =
      Parsed("/p?topic=a%2F1&topic=b/2&empty=&flag&sp+ace=a+b%2Bc&&u=%C3%BC&q=a?b=c");
  EXPECT_THAT(target.QueryAll("topic"), ElementsAre("a/1", "b/2"));
  EXPECT_EQ(target.Query("topic"), "a/1");
  EXPECT_EQ(target.Query("empty"), "");
  EXPECT_EQ(target.Query("flag"), "");
  EXPECT_EQ(target.Query("sp ace"), "a b+c");
  EXPECT_EQ(target.Query("u"), "\xc3\xbc");
  EXPECT_EQ(target.Query("q"), "a?b=c");
  EXPECT_EQ(target.Query("absent"), std::nullopt);
  EXPECT_THAT(target.QueryAll("absent"), IsEmpty());
}

TEST(RequestTarget, KeepsLineBreaksOfAValue) {
  EXPECT_EQ(Parsed("/p?message=one%0Atwo").Query("message"), "one\ntwo");
}

TEST(RequestTarget, RefusesWhatIsNotOriginForm) {
  for (const char* target : {"", "*", "v1/a", "http://host/v1", "host:80", "?a=b", "#a"}) {
    EXPECT_EQ(RequestTarget::Parse(target).status().code(), absl::StatusCode::kInvalidArgument)
        << target;
  }
}

TEST(RequestTarget, RefusesControlCharactersFragmentsAndBrokenEncoding) {
  for (const std::string& target :
       {std::string("/a\0b", 4), std::string("/a b"), std::string("/a\tb"), std::string("/a\r\nb"),
        std::string("/a\x7f"), std::string("/a#b"), std::string("/a?b=%"), std::string("/a?%zz=1"),
        std::string("/a?b=%c0%af"), std::string("/a?b=%ff"), std::string("/a?%ff=1")}) {
    EXPECT_EQ(RequestTarget::Parse(target).status().code(), absl::StatusCode::kInvalidArgument)
        << target;
  }
}

TEST(RequestTarget, NeverRepeatsAValueInItsError) {
  const auto parsed = RequestTarget::Parse("/a?token=secret%");
  EXPECT_THAT(std::string(parsed.status().message()), ::testing::HasSubstr("'token'"));
  EXPECT_THAT(std::string(parsed.status().message()),
              ::testing::Not(::testing::HasSubstr("secret")));
}

TEST(RequestTarget, BoundsTheNumberOfParameters) {
  std::string target = "/a?";
  for (size_t i = 0; i < kQueryParametersMax; ++i) target += "a=1&";
  EXPECT_TRUE(RequestTarget::Parse(target).ok());
  EXPECT_FALSE(RequestTarget::Parse(target + "a=1").ok());
}

TEST(RequestTarget, RepeatsNoNameThatMayBeACredential) {
  EXPECT_EQ(ShownName("options.max_depth"), "options.max_depth");
  EXPECT_EQ(ShownName("address2"), "address2");
  EXPECT_EQ(ShownName("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl"), "(not shown)");
  EXPECT_EQ(ShownName("0123456789abcdef0123456789abcdef"), "(not shown)");
  EXPECT_EQ(ShownName("a b"), "(not shown)");
  EXPECT_EQ(ShownName("a\xff"), "(not shown)");
  EXPECT_EQ(ShownName(std::string(65, 'a')), "(not shown)");
}

}  // namespace
}  // namespace sluice
