#include "bridge/event/json_members.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

std::vector<std::pair<std::string, std::string>> MembersOf(std::string_view json) {
  std::vector<std::pair<std::string, std::string>> found;
  JsonMembers members(json);
  while (const auto member = members.Next()) found.emplace_back(member->key, member->value);
  return found;
}

TEST(JsonMembers, AreThoseOfTheObjectItselfInTheirOrder) {
  EXPECT_THAT(MembersOf(R"({"b":1,"a":{"b":[2,{"c":3}],"d":"}"},"c":[],"":null,"d":"x,y"})"),
              ElementsAre(Pair("b", "1"), Pair("a", R"({"b":[2,{"c":3}],"d":"}"})"),
                          Pair("c", "[]"), Pair("", "null"), Pair("d", "\"x,y\"")));
}

TEST(JsonMembers, LeaveEscapesAsTheyAre) {
  EXPECT_THAT(
      MembersOf(R"({"a\"b":"\\","c\\":"\"}","d":"\\\""})"),
      ElementsAre(Pair(R"(a\"b)", R"("\\")"), Pair(R"(c\\)", R"("\"}")"), Pair("d", R"("\\\"")")));
}

TEST(JsonMembers, AreNoneOfWhatIsNoObject) {
  for (const char* json : {"", "{", "{}", "null", "12", "\"{}\"", "[]", "[{\"a\":1}]"}) {
    EXPECT_THAT(MembersOf(json), IsEmpty()) << json;
  }
  EXPECT_TRUE(JsonMembers("{}").is_object());
  EXPECT_FALSE(JsonMembers("[]").is_object());
}

TEST(JsonMembers, EndWhereTheTextIsNoJson) {
  for (const char* json : {"{a}", "{\"a}", "{\"a\"}", "{\"a\":\"}", "{\"a\":[}", "{\"a\\}"}) {
    EXPECT_THAT(MembersOf(json), IsEmpty()) << json;
  }
  EXPECT_THAT(MembersOf(R"({"a":1, "b":2})"), ElementsAre(Pair("a", "1")));
}

TEST(JsonMembers, AreFoundByWhatTheirKeysMean) {
  EXPECT_EQ(FindJsonMember(R"({"a":1,"b":2})", "b"), "2");
  EXPECT_EQ(FindJsonMember(R"({"\u0061":1})", "a"), "1");
  EXPECT_EQ(FindJsonMember(R"({"a":1,"b":2,"\u0061":3})", "a"), "3") << "the last one counts";
  EXPECT_EQ(FindJsonMember(R"({"b":{"a":1}})", "a"), std::nullopt);
  EXPECT_EQ(FindJsonMember(R"(["a"])", "a"), std::nullopt);
}

TEST(JsonMembers, KnowWhatAStringMeans) {
  const std::pair<const char*, std::string> same[] = {
      {"", ""},
      {"abc", "abc"},
      {R"(\"\\\/\b\f\n\r\t)", "\"\\/\b\f\n\r\t"},
      {R"(\u0041\u00e4\u20AC)", "Aä€"},
      {R"(\ud83d\ude00!)", "😀!"},
      {R"(\u0000)", std::string(1, '\0')},
  };
  for (const auto& [inside, text] : same) EXPECT_TRUE(JsonStringMeans(inside, text)) << inside;

  const std::pair<const char*, const char*> different[] = {
      {"a", ""},
      {"", "a"},
      {"ab", "abc"},
      {R"(\n)", "n"},
      {R"(\u0041)", ""},
      {R"(\ud83d)", "x"},
      {R"(\ude00)", "x"},
      {R"(\ud83dx)", "x"},
      {R"(\u00)", "x"},
      {R"(\u00g0)", "x"},
      {R"(\x)", "x"},
      {"\\", ""},
      {R"(\ud83d\u0041)", "A"},
  };
  for (const auto& [inside, text] : different) {
    EXPECT_FALSE(JsonStringMeans(inside, text)) << inside;
  }
}

}  // namespace
}  // namespace sluice
