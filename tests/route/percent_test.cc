#include "bridge/route/percent.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(Percent, DecodesOnceAndOnlyOnce) {
  EXPECT_EQ(PercentDecode(""), "");
  EXPECT_EQ(PercentDecode("a%20b%C3%bc"), "a b\xc3\xbc");
  EXPECT_EQ(PercentDecode("%2525"), "%25");
  EXPECT_EQ(PercentDecode("%00"), std::string(1, '\0'));
}

TEST(Percent, TakesAPlusForASpaceInFormsOnly) {
  EXPECT_EQ(PercentDecode("a+b"), "a+b");
  EXPECT_EQ(FormDecode("a+b%2B"), "a b+");
}

TEST(Percent, RefusesWhatIsNotTwoHexadecimalDigits) {
  for (const char* text : {"%", "%4", "a%", "%zz", "%4g", "%g4", "%%41", "% 41", "%-1", "%+1"}) {
    EXPECT_EQ(PercentDecode(text), std::nullopt) << text;
    EXPECT_EQ(FormDecode(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice
