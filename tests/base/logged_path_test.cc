#include "bridge/base/logged_path.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(LoggedPath, IsThePathWithoutItsQuery) {
  EXPECT_EQ(LoggedPath("/v1/room/1?token=x"), "/v1/room/1");
  EXPECT_EQ(LoggedPath("/v1/room%2f1"), "/v1/room%2f1");
  EXPECT_EQ(LoggedPath("/"), "/");
}

TEST(LoggedPath, HasNoQueryThatAClientWroteWrongly) {
  for (const char* separator : {"%3Ftoken=", "%3ftoken%3D", "%253Ftoken%253D",
                                "&token=", ";token=", "=", "#", "%26token%3d", "?a=b?token="}) {
    EXPECT_THAT(LoggedPath(std::string("/v1/room/1") + separator + "secret"),
                testing::Not(testing::HasSubstr("secret")))
        << separator;
  }
  EXPECT_EQ(LoggedPath("/v1/room/1%3Ftoken=secret"), "/v1/room/1...");
}

TEST(LoggedPath, IsNothingOfWhatIsNoPath) {
  EXPECT_EQ(LoggedPath("secret"), "");
  EXPECT_EQ(LoggedPath("secret:443"), "");
  EXPECT_EQ(LoggedPath("*"), "");
}

TEST(LoggedPath, LeavesTheSameOutOfTopics) {
  EXPECT_EQ(LoggedTopics({"room/1", "room/2?token=secret", "a/b"}), "room/1,room/2...,a/b");
}

TEST(LoggedPath, LeavesTheSameOutOfWhatNamesTopics) {
  EXPECT_EQ(LoggedMessage("not yours: a?b, a?b=secret, room/1", {"a?b", "a?b=secret", "room/1"}),
            "not yours: a..., a..., room/1");
}

TEST(LoggedPath, IsBounded) {
  EXPECT_EQ(LoggedPath("/" + std::string(1000, 'a')), "/" + std::string(255, 'a') + "...");
  EXPECT_EQ(LoggedTopics({std::string(1000, 'a'), "b"}), std::string(256, 'a') + "...,b");
}

}  // namespace
}  // namespace sluice
