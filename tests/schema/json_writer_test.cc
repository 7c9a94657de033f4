#include "bridge/schema/transcoder/json_writer.h"

#include <gtest/gtest.h>

#include <bit>
#include <cstdlib>
#include <limits>
#include <random>
#include <string>

#include "bridge/base/json_quote.h"

namespace sluice {
namespace {

std::string Double(double number) {
  JsonWriter writer;
  writer.Double(number);
  return std::string(writer.text());
}

std::string Float(float number) {
  JsonWriter writer;
  writer.Float(number);
  return std::string(writer.text());
}

// The text, or "refused".
std::string String(std::string_view text) {
  JsonWriter writer;
  return writer.String(text) ? std::string(writer.text()) : "refused";
}

TEST(JsonWriterTest, PrintsDoublesAsJavaScriptDoes) {
  const struct {
    double number;
    const char* text;
  } rows[] = {
      {0, "0"},
      {-0.0, "-0"},
      {1, "1"},
      {-1, "-1"},
      {0.1, "0.1"},
      {0.5, "0.5"},
      {-1.25, "-1.25"},
      {1.05, "1.05"},
      {100000, "100000"},
      {123456.789, "123456.789"},
      {0.1 + 0.2, "0.30000000000000004"},
      {1.0 / 3, "0.3333333333333333"},
      {0.00001, "0.00001"},
      {0.000001, "0.000001"},
      {0.0000012345, "0.0000012345"},
      {0.0000001, "1e-7"},
      {0.00000012345, "1.2345e-7"},
      {1e-8, "1e-8"},
      {9007199254740992, "9007199254740992"},
      {9007199254740994, "9007199254740994"},
      {1e20, "100000000000000000000"},
      {123456789012345680000.0, "123456789012345680000"},
      {999999999999999900000.0, "999999999999999900000"},
      {1e21, "1e+21"},
      {1.5e300, "1.5e+300"},
      {5e-324, "5e-324"},
      {std::numeric_limits<double>::max(), "1.7976931348623157e+308"},
      {-std::numeric_limits<double>::min(), "-2.2250738585072014e-308"},
      {std::numeric_limits<double>::quiet_NaN(), "\"NaN\""},
      {std::numeric_limits<double>::infinity(), "\"Infinity\""},
      {-std::numeric_limits<double>::infinity(), "\"-Infinity\""},
  };
  for (const auto& row : rows) EXPECT_EQ(Double(row.number), row.text);
}

TEST(JsonWriterTest, PrintsFloatsWithTheirOwnShortestDigits) {
  const struct {
    float number;
    const char* text;
  } rows[] = {
      {0.1F, "0.1"},          {-1.5F, "-1.5"},        {16777216, "16777216"},
      {33554432, "33554432"}, {1e10F, "10000000000"}, {3.4028235e38F, "3.4028235e+38"},
      {1e-45F, "1e-45"},      {1e-7F, "1e-7"},        {0.000001F, "0.000001"},
  };
  for (const auto& row : rows) EXPECT_EQ(Float(row.number), row.text);
}

TEST(JsonWriterTest, PrintsNumbersThatReadBackAsTheSame) {
  std::mt19937_64 random(7);
  for (int i = 0; i < 20'000; ++i) {
    const auto any = std::bit_cast<double>(random());
    if (any == any) {
      ASSERT_EQ(std::strtod(Double(any).c_str(), nullptr), any) << Double(any);
    }
    // As people write them: few digits, and no more come out.
    const int decimals = static_cast<int>(random() % 10);
    std::string written = std::to_string(random() % 100'000) + ".";
    for (int k = 0; k < decimals; ++k) written += static_cast<char>('0' + random() % 10);
    written += static_cast<char>('1' + random() % 9);
    const double number = std::strtod(written.c_str(), nullptr);
    if (number >= 1e-6) {
      ASSERT_EQ(Double(number), written);
    }
  }
}

TEST(JsonWriterTest, EscapesWhereverInAStringItIsNeeded) {
  const std::string plain = "abcdefghijklmnopqrstuvwxyz";
  for (const std::string special :
       {"\"", "\\", "\n", "\r", "\t", "\b", "\f", "\x01", "\x1f", "\x7f", "\xc3\xa9",
        "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xe2\x80\xa8"}) {
    for (size_t before = 0; before < 20; ++before) {
      for (size_t after = 0; after < 20; ++after) {
        const std::string text = plain.substr(0, before) + special + plain.substr(0, after);
        ASSERT_EQ(String(text), JsonQuote(text));
        ASSERT_EQ(String(text + text), JsonQuote(text + text));
      }
    }
  }
  EXPECT_EQ(String(std::string_view("a\0b", 3)), "\"a\\u0000b\"");
  EXPECT_EQ(String(""), "\"\"");
  const std::string controls(10'000, '\x02');
  EXPECT_EQ(String(controls), JsonQuote(controls));
}

TEST(JsonWriterTest, RefusesWhatIsNotUtf8WhereverItIs) {
  const std::string plain = "abcdefghijklmnopqrstuvwxyz";
  for (const char* wrong : {"\x80", "\xff", "\xc0\x80", "\xc3", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                            "\xe2\x82", "\xf0\x9f\x98"}) {
    for (size_t before = 0; before < 20; ++before) {
      EXPECT_EQ(String(plain.substr(0, before) + wrong), "refused");
      EXPECT_EQ(String(plain.substr(0, before) + wrong + "x"), "refused");
    }
  }
}

TEST(JsonWriterTest, PadsBase64) {
  const struct {
    std::string_view bytes;
    const char* text;
  } rows[] = {{"", "\"\""},
              {"f", "\"Zg==\""},
              {"fo", "\"Zm8=\""},
              {"foo", "\"Zm9v\""},
              {"foob", "\"Zm9vYg==\""},
              {"\xff\xfe", "\"//4=\""},
              {"\xfb\xff", "\"+/8=\""}};
  for (const auto& row : rows) {
    JsonWriter writer;
    writer.Base64(row.bytes);
    EXPECT_EQ(writer.text(), row.text);
  }
}

TEST(JsonWriterTest, ClosesWhatItWroteWithCommasInFront) {
  JsonWriter writer;
  writer.Close(0, '{', '}');
  EXPECT_EQ(writer.text(), "{}");
  writer.Clear();
  writer.Write(std::string_view(",1,2"));
  writer.Close(0, '[', ']');
  EXPECT_EQ(writer.text(), "[1,2]");
  writer.CutBackTo(2);
  writer.Close(0, '[', ']');
  EXPECT_EQ(writer.text(), "[1]");
}

}  // namespace
}  // namespace sluice
