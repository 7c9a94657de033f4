#include "bridge/server/config/substitution.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

const Environment kEnvironment = {{"NAME", "value"}, {"EMPTY", ""}, {"NESTED", "${NAME}"}};

TEST(Substitution, FillsInNamesAndDefaults) {
  const std::pair<const char*, const char*> cases[] = {
      {"", ""},
      {"plain $5 {x} $", "plain $5 {x} $"},
      {"${NAME}", "value"},
      {"a${NAME}b${NAME}c", "avaluebvaluec"},
      {"${EMPTY}", ""},
      {"${EMPTY:-default}", "default"},
      {"${NAME:-default}", "value"},
      {"${UNSET:-}", ""},
      {"${UNSET:-http://localhost:3000}", "http://localhost:3000"},
      {"${UNSET:-a:-b}", "a:-b"},
      {"${NESTED}", "${NAME}"},
      {"$${NAME}", "$value"},
  };
  for (const auto& [text, expected] : cases) {
    const auto result = Substitute(text, kEnvironment);
    ASSERT_TRUE(result.ok()) << text;
    EXPECT_EQ(*result, expected) << text;
  }
}

TEST(Substitution, RefusesWhatCannotBeFilledIn) {
  for (const char* text :
       {"${UNSET}", "${", "${NAME", "${}", "${:-x}", "${1A}", "${A B}", "${A-b}", "${A${NAME}}"}) {
    EXPECT_EQ(Substitute(text, kEnvironment).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(Substitution, LeavesTheNamesOfFramesAlone) {
  EXPECT_EQ(*Substitute("${now} ${NAME}", kEnvironment, {"now"}), "${now} value");
  EXPECT_EQ(*Substitute("${data.a-b c} ${NAME}", kEnvironment, {"data."}), "${data.a-b c} value");
  for (const char* text : {"${data}", "${data.}", "${data.a:-b}", "${dat.a}"}) {
    EXPECT_FALSE(Substitute(text, kEnvironment, {"data."}).ok()) << text;
  }
}

}  // namespace
}  // namespace sluice
