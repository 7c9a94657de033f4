#include "bridge/event/topic.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

TEST(Topic, HasOneToEightSegments) {
  EXPECT_TRUE(ValidateTopic("host").ok());
  EXPECT_TRUE(ValidateTopic("conversation/42").ok());
  EXPECT_TRUE(ValidateTopic("1/2/3/4/5/6/7/8").ok());
  EXPECT_FALSE(ValidateTopic("1/2/3/4/5/6/7/8/9").ok());
}

TEST(Topic, MayHoldAnythingPrintable) {
  EXPECT_TRUE(ValidateTopic("a b/*/{x}/>").ok());
  EXPECT_TRUE(ValidateTopic("m\xc3\xb6"
                            "bel/\xe2\x9c\x93")
                  .ok());
}

TEST(Topic, IsRefusedWhenItCouldMeanSomethingElse) {
  using std::string_literals::operator""s;
  for (const std::string& topic :
       {""s, "/"s, "a/"s, "/a"s, "a//b"s, "."s, "a/.."s, "a/./b"s, "a\nb"s, "a\rb"s, "a\0b"s,
        "a\x7f"s, "a\xc2\x85"s, "a\xff"s, "a\xc0\xaf"s, "a\xed\xa0\x80"s, "a\xe2\x9c"s,
        std::string(256, 'a')}) {
    EXPECT_FALSE(ValidateTopic(topic).ok()) << topic;
  }
  EXPECT_TRUE(ValidateTopic(std::string(255, 'a')).ok());
}

TEST(Topic, BeginsWithItsChannelType) {
  EXPECT_EQ(ChannelType("conversation/42"), "conversation");
  EXPECT_EQ(ChannelType("host"), "host");
}

}  // namespace
}  // namespace sluice
