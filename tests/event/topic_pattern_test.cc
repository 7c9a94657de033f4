#include "bridge/event/topic_pattern.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

bool Matches(std::string_view pattern, std::string_view topic) {
  return TopicPattern::Parse(pattern).value().Matches(topic);
}

TEST(TopicPattern, MatchesATopicAsItStands) {
  EXPECT_TRUE(Matches("conversation/42", "conversation/42"));
  EXPECT_FALSE(Matches("conversation/42", "conversation/421"));
  EXPECT_FALSE(Matches("conversation/42", "conversation"));
  EXPECT_FALSE(Matches("conversation/42", "conversation/42/typing"));
  EXPECT_FALSE(Matches("conversation", "conversation/42"));
  EXPECT_FALSE(Matches("conversation/{sub}", "conversation/42"));
}

TEST(TopicPattern, AStarStandsForOneSegment) {
  EXPECT_TRUE(Matches("conversation/*", "conversation/42"));
  EXPECT_TRUE(Matches("*/42", "conversation/42"));
  EXPECT_TRUE(Matches("*", "news"));
  EXPECT_FALSE(Matches("conversation/*", "conversation"));
  EXPECT_FALSE(Matches("conversation/*", "conversation/"));
  EXPECT_FALSE(Matches("conversation/*", "conversation/42/typing"));
  EXPECT_FALSE(Matches("*", "conversation/42"));
}

TEST(TopicPattern, TwoStarsStandForOneSegmentOrMore) {
  EXPECT_TRUE(Matches("workspace/7/**", "workspace/7/a"));
  EXPECT_TRUE(Matches("workspace/7/**", "workspace/7/a/b/c"));
  EXPECT_TRUE(Matches("**", "a/b"));
  EXPECT_FALSE(Matches("workspace/7/**", "workspace/7"));
  EXPECT_FALSE(Matches("workspace/7/**", "workspace/77/a"));
}

TEST(TopicPattern, WhatIsFilledInIsNoWildcard) {
  const auto fill = [](std::string_view name) -> std::optional<std::string> {
    if (name == "sub") return "*";
    if (name == "org") return "acme";
    if (name == "path") return "a/b";
    if (name == "empty") return "";
    return std::nullopt;
  };
  const TopicPattern pattern = TopicPattern::Parse("user/{sub}/of-{org}", fill).value();
  EXPECT_TRUE(pattern.Matches("user/*/of-acme"));
  EXPECT_FALSE(pattern.Matches("user/alice/of-acme"));
  for (const char* text : {"user/{path}", "user/{empty}", "user/{nobody}"}) {
    EXPECT_TRUE(absl::IsNotFound(TopicPattern::Parse(text, fill).status())) << text;
  }
  EXPECT_TRUE(absl::IsInvalidArgument(TopicPattern::Parse("user/{sub", fill).status()));
}

TEST(TopicPattern, RefusesWhatIsNone) {
  for (const char* text : {"", "/", "a/", "/a", "a//b", "a*", "**/a", "a/**/b", "..", "a/./b",
                           "1/2/3/4/5/6/7/8/9", "a\nb"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(TopicPattern::Parse(text).status())) << text;
  }
}

}  // namespace
}  // namespace sluice
