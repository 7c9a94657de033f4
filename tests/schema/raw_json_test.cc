#include "bridge/schema/raw_json.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

using std::string_literals::operator""s;

std::string Nested(size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

TEST(CompactJson, RemovesWhitespaceOutsideStringsOnly) {
  EXPECT_EQ(*CompactJson(" {\r\n\t\"a b\" : [ 1 , \" \\\" x \" ] } ", 8),
            R"({"a b":[1," \" x "]})");
  EXPECT_EQ(*CompactJson(R"({"a\\" : 1})", 8), R"({"a\\":1})");
  EXPECT_EQ(*CompactJson(" null ", 8), "null");
}

TEST(CompactJson, KeepsTheDigitsOfNumbers) {
  for (const char* number : {"1.0", "1e2", "-0", "0.10", "12345678901234567890123",
                             "0.1000000000000000055511151231257827", "1E+5"}) {
    EXPECT_EQ(*CompactJson(number, 8), number);
  }
}

TEST(CompactJson, RefusesWhatIsNoJson) {
  for (const std::string& text : {""s,
                                  " "s,
                                  "{"s,
                                  "1 2"s,
                                  "{a:1}"s,
                                  "[1,]"s,
                                  "01"s,
                                  "nul"s,
                                  "\"\n\""s,
                                  "'a'"s,
                                  "NaN"s,
                                  "// c\n1"s,
                                  "\"\xff\""s,
                                  "\"\\ud800\""s,
                                  "\"\\x\""s,
                                  "1\0"s,
                                  "{\"a\":1}\0{"s,
                                  "\xEF\xBB\xBF"
                                  "1"s,
                                  "[1}"s,
                                  "\"\xC0\x80\""s}) {
    const auto result = CompactJson(text, 8);
    ASSERT_FALSE(result.ok()) << text;
    EXPECT_EQ(result.status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

TEST(CompactJson, SaysWhereItIsNoJson) {
  EXPECT_EQ(CompactJson(R"({"secret": oops})", 8).status().message(), "is not JSON at byte 12");
}

TEST(CompactJson, BoundsItsDepth) {
  EXPECT_TRUE(CompactJson(Nested(8), 8).ok());
  EXPECT_EQ(CompactJson(Nested(9), 8).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(CompactJson(Nested(100'000), 64).status().code(), absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace sluice
