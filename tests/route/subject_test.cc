#include "bridge/route/subject.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

TEST(FillSubject, FillsTopicsAndFilter) {
  std::vector<std::string> topics = {"user/{subject}", "news", "{subject}/{subject}-x"};
  Attributes filter = {{"kind", "token"}, {"owner", "{subject}"}};
  ASSERT_TRUE(FillSubject("42", topics, filter).ok());
  EXPECT_THAT(topics, ElementsAre("user/42", "news", "42/42-x"));
  EXPECT_THAT(filter, ElementsAre(Pair("kind", "token"), Pair("owner", "42")));
}

TEST(FillSubject, FoldsTopicsThatBecomeTheSame) {
  std::vector<std::string> topics = {"user/42", "user/{subject}"};
  Attributes filter;
  ASSERT_TRUE(FillSubject("42", topics, filter).ok());
  EXPECT_THAT(topics, ElementsAre("user/42"));
}

TEST(FillSubject, FillsOnlyOnce) {
  std::vector<std::string> topics = {"user/{subject}"};
  Attributes filter;
  ASSERT_TRUE(FillSubject("{subject}", topics, filter).ok());
  EXPECT_THAT(topics, ElementsAre("user/{subject}"));
}

TEST(FillSubject, RefusesASubjectThatIsNoSegment) {
  for (const std::string& subject :
       {std::string(), std::string("a/b"), std::string("a\nb"), std::string("a\0b", 3),
        std::string("."), std::string(".."), std::string("\xff"), std::string(300, 'a')}) {
    std::vector<std::string> topics = {"user/{subject}"};
    Attributes filter;
    EXPECT_EQ(FillSubject(subject, topics, filter).code(), absl::StatusCode::kPermissionDenied)
        << subject;
  }
  std::vector<std::string> topics = {"news"};
  Attributes filter = {{"owner", "{subject}"}};
  EXPECT_EQ(FillSubject("", topics, filter).code(), absl::StatusCode::kPermissionDenied);
}

TEST(FillSubject, DoesNotMindTheSubjectWhereNothingAsksForIt) {
  std::vector<std::string> topics = {"news"};
  Attributes filter;
  EXPECT_TRUE(FillSubject("a/b", topics, filter).ok());
  EXPECT_THAT(topics, ElementsAre("news"));
}

}  // namespace
}  // namespace sluice
