#include "bridge/schema/json_transcoder.h"

#include <gmock/gmock.h>
#include <google/protobuf/struct.pb.h>
#include <gtest/gtest.h>

#include <limits>

#include "tests/schema/test_schema.h"

namespace sluice {
namespace {

using absl::StatusCode;
using google::protobuf::Any;
using google::protobuf::Value;
using std::string_literals::operator""s;
using testing::HasSubstr;

constexpr char kEverything[] = "acme.chat.v1.Everything";

class JsonTranscoderTest : public testing::Test {
 protected:
  std::string Json(std::string_view type, std::string_view text) {
    const auto json = transcoder_.FromAny(MakeAny(*schema_, type, text));
    EXPECT_TRUE(json.ok()) << json.status();
    return json.ok() ? json->json : "";
  }
  absl::Status ErrorOf(std::string_view type, std::string_view text) {
    return transcoder_.FromAny(MakeAny(*schema_, type, text)).status();
  }
  absl::Status ErrorOfBytes(const std::string& type_url, const std::string& bytes) {
    Any any;
    any.set_type_url(type_url);
    any.set_value(bytes);
    return transcoder_.FromAny(any).status();
  }

  // Only what is set is printed, so that expectations stay short.
  std::shared_ptr<const SchemaRegistry> schema_ =
      ChatSchema({.style = {.print_implicit_fields = false}});
  JsonTranscoder transcoder_{schema_};
};

TEST_F(JsonTranscoderTest, PrintsTheProto3JsonMappingOnOneLineWithoutType) {
  const struct {
    const char* text;
    const char* json;
  } rows[] = {
      {"", "{}"},
      {"is_typing: true", R"({"isTyping":true})"},
      {"big: 9007199254740993", R"({"big":"9007199254740993"})"},
      {"unsigned_big: 18446744073709551615", R"({"unsignedBig":"18446744073709551615"})"},
      {"ratio: 0.5", R"({"ratio":0.5})"},
      {"ratio: nan", R"({"ratio":"NaN"})"},
      {"blob: '\\377\\376'", R"({"blob":"//4="})"},
      {"mood: MOOD_GOOD", R"({"mood":"MOOD_GOOD"})"},
      {"mood: 7", R"({"mood":7})"},
      {"numbers: [1, 2]", R"({"numbers":[1,2]})"},
      {"counts { key: 'a' value: 1 }", R"({"counts":{"a":1}})"},
      {"maybe: 0", R"({"maybe":0})"},
      {"child { maybe: 1 }", R"({"child":{"maybe":1}})"},
      {"took { seconds: 1 nanos: 500000000 }", R"({"took":"1.500s"})"},
      {"at { seconds: 0 }", R"({"at":"1970-01-01T00:00:00Z"})"},
      {"value { null_value: NULL_VALUE }", R"({"value":null})"},
      {"list { values { number_value: 1 } values { string_value: 'x' } }", R"({"list":[1,"x"]})"},
      {"wrapped { value: 'w' }", R"({"wrapped":"w"})"},
      {"text: ''", R"({"text":""})"},
      {"named: 'n'", R"({"otherName":"n"})"},
      {"named: 'a\\nb'", R"({"otherName":"a\nb"})"},
      {"any { type_url: 'type.googleapis.com/acme.chat.v1.TokenAdded' value: '\\n\\001t' }",
       R"({"any":{"@type":"type.googleapis.com/acme.chat.v1.TokenAdded","token":"t"}})"},
  };
  for (const auto& row : rows) EXPECT_EQ(Json(kEverything, row.text), row.json) << row.text;
}

TEST_F(JsonTranscoderTest, PrintsFieldsWithoutPresenceWhenAsked) {
  const JsonTranscoder all(ChatSchema());
  EXPECT_EQ(all.FromAny(MakeAny(*schema_, "acme.chat.v1.TokenAdded", ""))->json, R"({"token":""})");
  const std::string json = all.FromAny(MakeAny(*schema_, kEverything, ""))->json;
  EXPECT_THAT(json, HasSubstr(R"("isTyping":false)"));
  EXPECT_THAT(json, HasSubstr(R"("big":"0")"));
  EXPECT_THAT(json, HasSubstr(R"("numbers":[])"));
  EXPECT_THAT(json, testing::Not(HasSubstr("maybe")));
  EXPECT_THAT(json, testing::Not(HasSubstr("child\"")));
  EXPECT_THAT(json, testing::Not(HasSubstr("\"text\"")));
}

TEST_F(JsonTranscoderTest, PrintsProtoNamesAndEnumNumbersWhenAsked) {
  const JsonTranscoder plain(ChatSchema(
      {.style = {
           .print_implicit_fields = false, .proto_field_names = true, .enums_as_numbers = true}}));
  EXPECT_EQ(plain.FromAny(MakeAny(*schema_, kEverything, "is_typing: true mood: MOOD_GOOD"))->json,
            R"({"is_typing":true,"mood":1})");
}

TEST_F(JsonTranscoderTest, PrintsAFieldThatCameTwiceOnce) {
  Any any;
  any.set_type_url("x/acme.chat.v1.TokenAdded");
  any.set_value(
      "\x0a\x01"
      "a"
      "\x0a\x01"
      "b");
  EXPECT_EQ(transcoder_.FromAny(any)->json, R"({"token":"b"})");
}

TEST_F(JsonTranscoderTest, PrintsMapsTheSameInWhateverOrderTheyCame) {
  const char* json = R"({"counts":{"a":3,"b":2}})";
  EXPECT_EQ(Json(kEverything, "counts { key: 'b' value: 2 } counts { key: 'a' value: 3 }"), json);
  EXPECT_EQ(Json(kEverything, "counts { key: 'a' value: 3 } counts { key: 'b' value: 2 }"), json);
  EXPECT_EQ(Json(kEverything,
                 "counts { key: 'a' value: 1 } counts { key: 'b' value: 2 } "
                 "counts { key: 'a' value: 3 }"),
            json);
  EXPECT_EQ(Json(kEverything, "child { counts { key: 'b' } counts { key: 'a' } }"),
            R"({"child":{"counts":{"a":0,"b":0}}})");
  Value value;
  for (const char* key : {"d", "a", "c", "b"}) {
    (*value.mutable_struct_value()->mutable_fields())[key].set_bool_value(true);
  }
  EXPECT_EQ(*transcoder_.FromValue(value), R"({"a":true,"b":true,"c":true,"d":true})");
}

TEST_F(JsonTranscoderTest, PrintsNumbersOfValuesAsPeopleWriteThem) {
  const struct {
    double number;
    const char* json;
  } rows[] = {{0, "0"},
              {42, "42"},
              {100000, "100000"},
              {-7, "-7"},
              {0.1, "0.1"},
              {1e300, "1e+300"},
              {9007199254740992, "9007199254740992"},
              {1.5, "1.5"},
              {5e-324, "5e-324"}};
  for (const auto& row : rows) {
    Value value;
    value.set_number_value(row.number);
    EXPECT_EQ(*transcoder_.FromValue(value), row.json);
  }
}

TEST_F(JsonTranscoderTest, RefusesWhatJsonUtilWouldGetWrong) {
  const struct {
    const char* text;
    const char* why;
  } rows[] = {
      {"took { seconds: 1 nanos: -1 }", "different signs"},
      {"took { seconds: 400000000000 }", "out of range"},
      {"at { seconds: 253402300800 }", "out of range"},
      {"at { nanos: -1 }", "out of range"},
      {"value { number_value: nan }", "NaN or Infinity"},
      {"value { number_value: inf }", "NaN or Infinity"},
      {"value {}", "no kind"},
      {"list { values {} }", "no kind"},
      {"any { type_url: 'type.googleapis.com/acme.Unknown' value: 'x' }", "acme.Unknown"},
      {"any { value: 'x' }", "type_url"},
      {"any { type_url: 'type.googleapis.com/acme.chat.v1.TokenAdded' value: '\\377' }",
       "the bytes are not a acme.chat.v1.TokenAdded"},
  };
  for (const auto& row : rows) {
    const absl::Status status = ErrorOf(kEverything, row.text);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << row.text;
    EXPECT_THAT(status.message(), HasSubstr(row.why)) << row.text;
  }
}

TEST_F(JsonTranscoderTest, RefusesAnAnyThatIsNotOneOfItsType) {
  const std::string token = "type.googleapis.com/acme.chat.v1.TokenAdded";
  const struct {
    std::string type_url, bytes, why;
  } rows[] = {
      {"", "", "no type_url"},
      {"type.googleapis.com/", "", "no type_url"},
      {"type.googleapis.com/acme.Unknown", "", "does not know the type \"acme.Unknown\""},
      {token, "\x0a", "the bytes are not"},
      {token,
       "\x0a\x05"
       "abc",
       "the bytes are not"},
      {token, "\x0a\x02\xc3\x28", "field acme.chat.v1.TokenAdded.token is not UTF-8"},
      {token, "\x0c", "the bytes are not"},
      {"x/acme.old.Old", "", "its required field acme.old.Old.name is missing"},
      {"x/acme.old.Old", "\x0a\x01n\x12\x01\xff", "note is not UTF-8"},
  };
  for (const auto& row : rows) {
    const absl::Status status = ErrorOfBytes(row.type_url, row.bytes);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << row.why;
    EXPECT_THAT(status.message(), HasSubstr(row.why));
  }
}

// `depth` messages inside each other, as bytes of Everything.child.
std::string NestedChildren(int depth) {
  std::string bytes;
  for (int i = 1; i < depth; ++i) {
    std::string length;
    for (size_t n = bytes.size();; n >>= 7) {
      length += static_cast<char>((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
      if (n <= 0x7f) break;
    }
    bytes = "\x4a" + length + bytes;
  }
  return bytes;
}

TEST_F(JsonTranscoderTest, BoundsTheDepthOfMessages) {
  const std::string type = std::string("x/") + kEverything;
  EXPECT_TRUE(ErrorOfBytes(type, NestedChildren(64)).ok());
  EXPECT_EQ(ErrorOfBytes(type, NestedChildren(65)).code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorOfBytes(type, NestedChildren(12'000)).code(), StatusCode::kResourceExhausted);
}

TEST_F(JsonTranscoderTest, BoundsTheDepthOfAnysInsideEachOther) {
  Any any = MakeAny(*schema_, "acme.chat.v1.TokenAdded", "token: 't'");
  for (int i = 0; i < 12'000; ++i) {
    Any outer;
    outer.PackFrom(any);
    any = outer;
  }
  EXPECT_FALSE(transcoder_.FromAny(any).ok());
}

Value NestedLists(int depth) {
  Value value;
  Value* inner = &value;
  for (int i = 0; i < depth; ++i) {
    inner = i + 1 < depth ? inner->mutable_list_value()->add_values()
                          : (inner->mutable_list_value(), inner);
  }
  return value;
}

TEST_F(JsonTranscoderTest, BoundsTheDepthOfValues) {
  EXPECT_TRUE(transcoder_.FromValue(NestedLists(64)).ok());
  EXPECT_EQ(transcoder_.FromValue(NestedLists(65)).status().code(), StatusCode::kResourceExhausted);
}

TEST_F(JsonTranscoderTest, BoundsTheLengthOfWhatItPrints) {
  const JsonTranscoder small(ChatSchema({.bytes_max = 1000}));
  EXPECT_TRUE(small.FromText(std::string(1000, 'x')).ok());
  EXPECT_EQ(small.FromText(std::string(1001, 'x')).status().code(), StatusCode::kResourceExhausted);
  EXPECT_EQ(small.FromRawJson('"' + std::string(1000, 'x') + '"').status().code(),
            StatusCode::kResourceExhausted);
  EXPECT_EQ(small.FromAny(MakeAny(*schema_, kEverything, "blob: '" + std::string(1000, 'x') + "'"))
                .status()
                .code(),
            StatusCode::kResourceExhausted);
  // Two bytes each, and much JSON.
  std::string children;
  for (int i = 0; i < 100; ++i) children += "children {} ";
  const auto many = small.FromAny(MakeAny(*schema_, kEverything, children));
  EXPECT_EQ(many.status().code(), StatusCode::kResourceExhausted);
  EXPECT_THAT(many.status().message(), HasSubstr("limits.payload_bytes"));
}

TEST_F(JsonTranscoderTest, PrintsValues) {
  Value value;
  (*value.mutable_struct_value()->mutable_fields())["a"].set_number_value(1);
  EXPECT_EQ(*transcoder_.FromValue(value), R"({"a":1})");
  value.set_string_value("x\ny");
  EXPECT_EQ(*transcoder_.FromValue(value), R"("x\ny")");
  value.mutable_struct_value();
  EXPECT_EQ(*transcoder_.FromValue(value), "{}");
  value.mutable_list_value();
  EXPECT_EQ(*transcoder_.FromValue(value), "[]");
  value.mutable_list_value()->add_values()->set_bool_value(false);
  value.mutable_list_value()->add_values()->set_string_value("\"");
  EXPECT_EQ(*transcoder_.FromValue(value), R"([false,"\""])");
  value.set_null_value({});
  EXPECT_EQ(*transcoder_.FromValue(value), "null");
  value.set_number_value(-std::numeric_limits<double>::infinity());
  EXPECT_EQ(transcoder_.FromValue(value).status().code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(transcoder_.FromValue(Value()).status().code(), StatusCode::kInvalidArgument);
}

TEST_F(JsonTranscoderTest, MakesLineFeedsOfAllLineEndsInText) {
  EXPECT_EQ(*transcoder_.FromText("a\r\nb\rc\nd\r"), "a\nb\nc\nd\n");
  EXPECT_EQ(*transcoder_.FromText(""), "");
  EXPECT_EQ(transcoder_.FromText("a\0b"s).status().message(), "holds a NUL");
  EXPECT_EQ(transcoder_.FromText("\xc3\x28").status().message(), "is not UTF-8");
}

}  // namespace
}  // namespace sluice
