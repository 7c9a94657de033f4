#include "bridge/event/frame_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

using ::testing::HasSubstr;

std::string Fill(std::string_view json, std::string_view data, std::string_view type = "note") {
  const auto parsed = FrameTemplate::Parse(json);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.ok() ? parsed->Fill(data, type) : "";
}

TEST(FrameTemplate, PutsInThePayload) {
  EXPECT_EQ(Fill(R"("${data}")", R"({"a":1})"), R"({"a":1})");
  EXPECT_EQ(Fill(R"({"kind":"x","payload":"${data}"})", "[1,2]"),
            R"({"kind":"x","payload":[1,2]})");
  EXPECT_EQ(Fill(R"(["${data}","${data}"])", "12345678901234567890"),
            "[12345678901234567890,12345678901234567890]");
}

TEST(FrameTemplate, PutsInFieldsOfThePayload) {
  const std::string_view json = R"({"message":"${data.text}","by":"${data.user}"})";
  EXPECT_EQ(Fill(json, R"({"text":"a\"b","user":{"id":7},"x":1})"),
            R"({"message":"a\"b","by":{"id":7}})");
  EXPECT_EQ(Fill(json, R"({"text":""})"), R"({"message":"","by":null})");
  EXPECT_EQ(Fill(json, "[1]"), R"({"message":null,"by":null})");
  EXPECT_EQ(Fill(R"("${data.a-b c}")", R"({"a-b c":true})"), "true");
}

TEST(FrameTemplate, PutsInTheType) {
  EXPECT_EQ(Fill(R"({"type":"${type}","data":"${data}"})", "null", "a\"b"),
            R"({"type":"a\"b","data":null})");
}

TEST(FrameTemplate, DoesNotLookIntoWhatItPutIn) {
  EXPECT_EQ(Fill(R"({"a":"${data}","b":"${type}"})", R"("${type}")", "${data}"),
            R"({"a":"${type}","b":"${data}"})");
}

TEST(FrameTemplate, LeavesTheRestAsItIs) {
  for (const char* json :
       {R"({"a":"${now}","b":"$","c":"{data}","\"":"\\"})", "12", "{}", "\"\"", R"("a${dat}")"}) {
    const auto parsed = FrameTemplate::Parse(json);
    ASSERT_TRUE(parsed.ok());
    EXPECT_TRUE(parsed->is_constant()) << json;
    EXPECT_EQ(parsed->Fill("1", "x"), json);
  }
  EXPECT_FALSE(FrameTemplate::Parse(R"("${type}")")->is_constant());
}

TEST(FrameTemplate, RefusesNamesThatWouldNotBeReplaced) {
  for (const char* json : {R"({"a":"it is ${data}"})", R"("${data} ")", R"("${data}${type}")",
                           R"({"${type}":1})", R"({"${data}":1})", R"("${data.}")", R"("${data.a")",
                           R"("${data.a}}")", R"("${data.a\"b}")"}) {
    EXPECT_THAT(std::string(FrameTemplate::Parse(json).status().message()),
                HasSubstr("only a value that is exactly"))
        << json;
  }
  EXPECT_FALSE(FrameTemplate::Parse("\"").ok());
}

}  // namespace
}  // namespace sluice
