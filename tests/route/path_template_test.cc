#include "bridge/route/path_template.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

PathTemplate Template(std::string_view text) {
  auto parsed = PathTemplate::Parse(text);
  EXPECT_TRUE(parsed.ok()) << text << ": " << parsed.status();
  return parsed.ok() ? *std::move(parsed) : *PathTemplate::Parse("/");
}

TEST(SplitPath, DecodesEachSegmentOnce) {
  EXPECT_THAT(*SplitPath("/"), IsEmpty());
  EXPECT_THAT(*SplitPath("/v1/conversation/42"), ElementsAre("v1", "conversation", "42"));
  EXPECT_THAT(*SplitPath("/a%20b/%C3%BC/%2520/..."), ElementsAre("a b", "\xc3\xbc", "%20", "..."));
}

TEST(SplitPath, RefusesWhatCouldMeanAnotherPath) {
  for (const char* path : {"",
                           "a",
                           "//",
                           "/a/",
                           "//a",
                           "/a//b",
                           "/.",
                           "/..",
                           "/a/../b",
                           "/%2e",
                           "/%2e%2E",
                           "/.%2e",
                           "/a%2Fb",
                           "/a%2fb",
                           "/a%5Cb",
                           "/a\\b",
                           "/%00",
                           "/a%0d%0a",
                           "/%7f",
                           "/%1f",
                           "/%C2%85",
                           "/%",
                           "/%4",
                           "/%zz",
                           "/%c0%af",
                           "/%c0%ae",
                           "/%e0%80%af",
                           "/%f0%80%80%af",
                           "/%ed%a0%80",
                           "/%ff",
                           "/%f4%90%80%80",
                           "/%c3"}) {
    EXPECT_EQ(SplitPath(path).status().code(), absl::StatusCode::kInvalidArgument) << path;
  }
}

TEST(SplitPath, SaysWhichSegment) {
  EXPECT_THAT(std::string(SplitPath("/v1/a%2Fb").status().message()), HasSubstr("segment 2"));
}

TEST(SplitPath, BoundsTheSegments) {
  std::string path;
  for (size_t i = 0; i < kPathSegmentsMax; ++i) path += "/a";
  EXPECT_EQ(SplitPath(path)->size(), kPathSegmentsMax);
  EXPECT_FALSE(SplitPath(path + "/a").ok());
}

TEST(PathTemplate, CapturesWholeSegments) {
  const PathTemplate path = Template("/api/stream/{session_id}/{message_id}");
  EXPECT_THAT(path.capture_names(), ElementsAre("session_id", "message_id"));
  Captures captures;
  ASSERT_TRUE(path.Matches({"api", "stream", "s 1", "m"}, &captures));
  EXPECT_THAT(captures, ElementsAre(Pair("session_id", "s 1"), Pair("message_id", "m")));
}

TEST(PathTemplate, MatchesOnlyItsOwnShape) {
  const PathTemplate path = Template("/v1/{type}/{id}");
  Captures captures;
  EXPECT_FALSE(path.Matches({}, &captures));
  EXPECT_FALSE(path.Matches({"v1", "a"}, &captures));
  EXPECT_FALSE(path.Matches({"v1", "a", "b", "c"}, &captures));
  EXPECT_FALSE(path.Matches({"V1", "a", "b"}, &captures));
  EXPECT_TRUE(Template("/").Matches({}, &captures));
}

TEST(PathTemplate, RefusesWhatCannotBeATemplate) {
  for (const char* text : {"",
                           "a",
                           "//",
                           "/a/",
                           "/a//b",
                           "/.",
                           "/..",
                           "/{}",
                           "/{a",
                           "/a}",
                           "/x{a}",
                           "/{a}x",
                           "/{a}{b}",
                           "/{a b}",
                           "/{1}",
                           "/{a}/{a}",
                           "/{subject}",
                           "/{query.x}",
                           "/%41",
                           "/a?b",
                           "/a#b",
                           "/a\\b",
                           "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17"}) {
    EXPECT_EQ(PathTemplate::Parse(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(PathTemplate, PutsLiteralsBeforeCapturesFromTheLeft) {
  EXPECT_TRUE(Template("/a/b").MoreSpecificThan(Template("/a/{x}")));
  EXPECT_FALSE(Template("/a/{x}").MoreSpecificThan(Template("/a/b")));
  EXPECT_TRUE(Template("/a/{x}").MoreSpecificThan(Template("/{y}/b")));
  EXPECT_FALSE(Template("/a/{x}").MoreSpecificThan(Template("/b/{y}")));
  EXPECT_FALSE(Template("/b/{x}").MoreSpecificThan(Template("/a/{y}")));
}

TEST(PathTemplate, KnowsTheSameShapeUnderOtherNames) {
  EXPECT_TRUE(Template("/a/{x}").SameShapeAs(Template("/a/{y}")));
  EXPECT_FALSE(Template("/a/{x}").SameShapeAs(Template("/b/{x}")));
  EXPECT_FALSE(Template("/a/{x}").SameShapeAs(Template("/a/x")));
  EXPECT_FALSE(Template("/a").SameShapeAs(Template("/a/{x}")));
}

}  // namespace
}  // namespace sluice
