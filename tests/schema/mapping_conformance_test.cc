// What protobuf's conformance suite (v21) asks of whoever reads the wire format and
// prints JSON, on a message of our own.
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"
#include "tests/schema/wire_bytes.h"

namespace sluice {
namespace {

using absl::StatusCode;
using std::string_literals::operator""s;

constexpr char kUrl[] = "type.googleapis.com/";
constexpr uint64_t kMinusOne = ~uint64_t{0};

class MappingConformanceTest : public testing::Test {
 protected:
  struct Row {
    std::string bytes;
    std::string json;
  };

  absl::StatusOr<TypedJson> Print(std::string_view type, std::string_view bytes) {
    return transcoder_.FromMessage(*schema_, *schema_->Find("mapping.v1." + std::string(type)),
                                   bytes);
  }
  void ExpectJson(std::string_view type, const std::vector<Row>& rows) {
    for (const Row& row : rows) {
      const auto printed = Print(type, row.bytes);
      ASSERT_TRUE(printed.ok()) << row.json << ": " << printed.status();
      EXPECT_EQ(printed->json, row.json);
    }
  }
  void ExpectRefused(std::string_view type, const std::vector<std::string>& all) {
    for (const std::string& bytes : all) {
      const auto printed = Print(type, bytes);
      EXPECT_EQ(printed.status().code(), StatusCode::kInvalidArgument)
          << testing::PrintToString(bytes) << (printed.ok() ? printed->json : "");
    }
  }

  std::shared_ptr<const SchemaRegistry> registry_ =
      *SchemaRegistry::Load({MAPPING_DESCRIPTOR_SET}, {.style = {.print_implicit_fields = false}});
  SchemaPtr schema_ = registry_->current();
  JsonTranscoder transcoder_{registry_};
};

TEST_F(MappingConformanceTest, PrintsScalarsOfEveryKindUpToTheirBounds) {
  const uint64_t int32_min = static_cast<uint64_t>(std::numeric_limits<int32_t>::min());
  ExpectJson("All",
             {{Number(1, 0), "{}"},
              {Number(1, 12345), R"({"fInt32":12345})"},
              {Number(1, 0x7fffffff), R"({"fInt32":2147483647})"},
              {Number(1, int32_min), R"({"fInt32":-2147483648})"},
              {Number(1, kMinusOne), R"({"fInt32":-1})"},
              {Number(1, (uint64_t{1} << 33) + 1), R"({"fInt32":1})"},  // the low 32 bits count
              {Number(2, 0x7fffffffffffffff), R"({"fInt64":"9223372036854775807"})"},
              {Number(2, uint64_t{1} << 63), R"({"fInt64":"-9223372036854775808"})"},
              {Number(3, 0xffffffff), R"({"fUint32":4294967295})"},
              {Number(3, (uint64_t{1} << 33) + 5), R"({"fUint32":5})"},
              {Number(4, kMinusOne), R"({"fUint64":"18446744073709551615"})"},
              {Number(5, 0xffffffff), R"({"fSint32":-2147483648})"},
              {Number(5, 0xfffffffe), R"({"fSint32":2147483647})"},
              {Number(5, 1), R"({"fSint32":-1})"},
              {Number(6, kMinusOne), R"({"fSint64":"-9223372036854775808"})"},
              {Number(6, kMinusOne - 1), R"({"fSint64":"9223372036854775807"})"},
              {Fixed32(7, 0xffffffff), R"({"fFixed32":4294967295})"},
              {Fixed64(8, kMinusOne), R"({"fFixed64":"18446744073709551615"})"},
              {Fixed32(9, 0x80000000), R"({"fSfixed32":-2147483648})"},
              {Fixed64(10, uint64_t{1} << 63), R"({"fSfixed64":"-9223372036854775808"})"},
              {Number(13, 1), R"({"fBool":true})"},
              {Number(13, kMinusOne), R"({"fBool":true})"},
              {Number(13, 12345678), R"({"fBool":true})"},
              {Bytes(14, "Hello world!"), R"({"fString":"Hello world!"})"},
              {Bytes(14, "'谷歌'"), R"({"fString":"'谷歌'"})"},
              {Bytes(15, "\x01\x02"), R"({"fBytes":"AQI="})"},
              {Bytes(15, "\xff\xfb"), R"({"fBytes":"//s="})"},
              {Bytes(15, "abc"), R"({"fBytes":"YWJj"})"},
              {Number(16, 2), R"({"fEnum":"BLUE"})"},
              {Number(16, kMinusOne), R"({"fEnum":"NEGATIVE"})"},
              {Number(16, 123), R"({"fEnum":123})"},
              {Number(16, (uint64_t{1} << 32) + 1), R"({"fEnum":"GREEN"})"},
              {Number(18, 1), R"({"fAlias":"FIRST"})"},
              {Bytes(17, ""), R"({"fMessage":{}})"},
              {Bytes(17, Number(1, 1234)), R"({"fMessage":{"a":1234}})"},
              {Number(91, 0), R"({"optionalInt32":0})"}});
}

TEST_F(MappingConformanceTest, PrintsFloatsThatAreReadBackAsTheSame) {
  using F = std::numeric_limits<float>;
  using D = std::numeric_limits<double>;
  const auto number = [&](const std::string& bytes) {
    const std::string json = Print("All", bytes)->json;
    return json.substr(json.find(':') + 1, json.size() - json.find(':') - 2);
  };
  for (const float value : {0.1F, 1.0F, -1.0F, 3.4028235e38F, F::min(), F::denorm_min(),
                            16777216.0F, 1.0F / 3, 1e10F, 123456.79F}) {
    EXPECT_EQ(std::strtof(number(Float(11, value)).c_str(), nullptr), value);
    EXPECT_LE(number(Float(11, value)).size(), 14u) << value;
  }
  for (const double value : {0.1, 1.0, D::max(), D::lowest(), D::min(), D::denorm_min(), 1.0 / 3,
                             9007199254740992.0, 1e21, 1e22, 1e-7, 123456789.0}) {
    EXPECT_EQ(std::strtod(number(Double(12, value)).c_str(), nullptr), value);
  }
  EXPECT_EQ(number(Float(11, 0.1F)), "0.1");
  EXPECT_EQ(number(Double(12, 0.1)), "0.1");
  EXPECT_EQ(number(Float(11, F::quiet_NaN())), R"("NaN")");
  EXPECT_EQ(number(Fixed32(11, 0x7fa12345)), R"("NaN")");
  EXPECT_EQ(number(Float(11, F::infinity())), R"("Infinity")");
  EXPECT_EQ(number(Float(11, -F::infinity())), R"("-Infinity")");
  EXPECT_EQ(number(Double(12, D::quiet_NaN())), R"("NaN")");
  EXPECT_EQ(number(Fixed64(12, 0xfff9123456789abc)), R"("NaN")");
  EXPECT_EQ(number(Double(12, D::infinity())), R"("Infinity")");
  EXPECT_EQ(number(Double(12, -D::infinity())), R"("-Infinity")");
}

TEST_F(MappingConformanceTest, EscapesWhatJsonMustEscape) {
  ExpectJson("All", {{Bytes(14, "\"\\\b\f\n\r\t"), R"({"fString":"\"\\\b\f\n\r\t"})"},
                     {Bytes(14, "\0\x01\x1f"s), R"({"fString":"\u0000\u0001\u001f"})"},
                     {Bytes(14, "\xf0\x9f\x98\x81"), "{\"fString\":\"\xf0\x9f\x98\x81\"}"}});
}

TEST_F(MappingConformanceTest, NamesFieldsInLowerCamelCase) {
  const struct {
    uint32_t field;
    const char* name;
  } rows[] = {{401, "fieldname1"},  {402, "fieldName2"},  {403, "FieldName3"},
              {404, "fieldName4"},  {405, "field0name5"}, {406, "field0Name6"},
              {407, "fieldName7"},  {408, "FieldName8"},  {409, "fieldName9"},
              {410, "FieldName10"}, {411, "FIELDNAME11"}, {413, "FieldName13"},
              {415, "fieldName15"}};
  for (const auto& row : rows) {
    ExpectJson("All", {{Number(row.field, 1), "{\""s + row.name + "\":1}"}});
  }
}

TEST_F(MappingConformanceTest, TakesTheLastOfARepeatedScalarAndMergesMessages) {
  ExpectJson(
      "All",
      {{Number(1, 1) + Number(1, 2), R"({"fInt32":2})"},
       {Number(1, 1) + Number(1, 0), "{}"},
       {Bytes(14, "a") + Number(1, 3) + Bytes(14, "b"), R"({"fInt32":3,"fString":"b"})"},
       {Number(91, 5) + Number(91, 0), R"({"optionalInt32":0})"},
       {Bytes(17, Number(1, 1)) + Bytes(17, Number(3, 4)), R"({"fMessage":{"a":1,"numbers":[4]}})"},
       {Bytes(17, Number(1, 1) + Number(3, 4)) + Bytes(17, Number(3, 5) + Number(1, 2)),
        R"({"fMessage":{"a":2,"numbers":[4,5]}})"},
       {Bytes(17, Bytes(2, Number(1, 7))) + Bytes(17, "") + Bytes(17, Bytes(2, Number(2, 8))),
        R"({"fMessage":{"corecursive":{"fInt32":7,"fInt64":"8"}}})"},
       {Bytes(71, Number(1, 1)) + Bytes(71, ""), R"({"wBool":true})"},
       {Bytes(81, Number(1, 3)) + Bytes(81, Number(2, 500'000'000)), R"({"duration":"3.500s"})"}});
}

TEST_F(MappingConformanceTest, ReadsRepeatedFieldsPackedAndNot) {
  ExpectJson("All",
             {{Bytes(31, Varint(1) + Varint(2)), R"({"rInt32":[1,2]})"},
              {Number(31, 1) + Number(31, 2), R"({"rInt32":[1,2]})"},
              {Number(31, 1) + Bytes(31, Varint(2) + Varint(3)) + Number(31, 4),
               R"({"rInt32":[1,2,3,4]})"},
              {Bytes(31, ""), "{}"},
              {Number(31, 1) + Number(1, 9) + Number(31, 2), R"({"fInt32":9,"rInt32":[1,2]})"},
              {Bytes(41, Varint(1) + Varint(0)), R"({"rUnpacked":[1,0]})"},
              {Bytes(32, Varint(kMinusOne)), R"({"rInt64":["-1"]})"},
              {Bytes(33, Varint(1) + Varint(2)), R"({"rSint32":[-1,1]})"},
              {Bytes(34, FixedBytes(1, 4) + FixedBytes(2, 4)), R"({"rFixed32":[1,2]})"},
              {Fixed32(34, 1), R"({"rFixed32":[1]})"},
              {Double(35, 0.5) + Double(35, 0), R"({"rDouble":[0.5,0]})"},
              {Bytes(36, Varint(1) + Varint(0) + Varint(2)), R"({"rBool":[true,false,true]})"},
              {Bytes(37, "") + Bytes(37, "b"), R"({"rString":["","b"]})"},
              {Bytes(38, "") + Bytes(38, "\1"), R"({"rBytes":["","AQ=="]})"},
              {Bytes(39, Varint(1) + Varint(9) + Varint(0)), R"({"rEnum":["GREEN",9,"RED"]})"},
              {Bytes(40, "") + Bytes(40, Number(1, 1)), R"({"rMessage":[{},{"a":1}]})"},
              {Bytes(80, Number(1, 1)) + Bytes(80, ""), R"({"rWInt64":["1","0"]})"}});
}

TEST_F(MappingConformanceTest, ReadsMapsAsTheLastValueOfEachKey) {
  const std::string one = Bytes(1, "k");
  ExpectJson("All",
             {{Bytes(51, Number(1, 1) + Number(2, 2)), R"({"mInt32Int32":{"1":2}})"},
              {Bytes(51, ""), R"({"mInt32Int32":{"0":0}})"},
              {Bytes(51, Number(2, 2)), R"({"mInt32Int32":{"0":2}})"},
              {Bytes(51, Number(2, 2) + Number(1, 1)), R"({"mInt32Int32":{"1":2}})"},
              {Bytes(51, Number(1, 1) + Number(2, 2)) + Bytes(51, Number(1, 1) + Number(2, 3)),
               R"({"mInt32Int32":{"1":3}})"},
              {Bytes(51, Number(1, 1) + Number(2, 2)) + Bytes(51, Number(1, 1)),
               R"({"mInt32Int32":{"1":0}})"},
              {Bytes(51, Number(1, 1) + Number(1, 4) + Number(2, 2)), R"({"mInt32Int32":{"4":2}})"},
              {Bytes(51, Number(1, 1) + Number(2, 2) + Number(2, 5)), R"({"mInt32Int32":{"1":5}})"},
              {Bytes(51, Number(1, 1) + Number(3, 9) + Number(2, 2)), R"({"mInt32Int32":{"1":2}})"},
              {Bytes(51, Number(1, 10)) + Bytes(51, Number(1, 9)) + Bytes(51, Number(1, kMinusOne)),
               R"({"mInt32Int32":{"-1":0,"9":0,"10":0}})"},
              {Bytes(52, Number(1, 1) + Number(2, 1)), R"({"mSint64Sint64":{"-1":"-1"}})"},
              {Bytes(53, Fixed64(1, kMinusOne) + Fixed64(2, 1)),
               R"({"mFixed64Fixed64":{"18446744073709551615":"1"}})"},
              {Bytes(54, Number(1, 1) + Number(2, 1)) + Bytes(54, ""),
               R"({"mBoolBool":{"false":false,"true":true}})"},
              {Bytes(55, Bytes(1, "b")) + Bytes(55, Bytes(1, "a\n") + Bytes(2, "v")),
               R"({"mStringString":{"a\n":"v","b":""}})"},
              {Bytes(56, one + Bytes(2, "\1\2")), R"({"mStringBytes":{"k":"AQI="}})"},
              {Bytes(58, one + Number(2, 1)) + Bytes(58, Bytes(1, "l") + Number(2, 77)),
               R"({"mStringEnum":{"k":"GREEN","l":77}})"},
              {Bytes(59, Number(1, 1) + Double(2, 0.5)), R"({"mInt32Double":{"1":0.5}})"},
              {Bytes(57, one), R"({"mStringMessage":{"k":{}}})"},
              // Merged within an entry, replaced by another.
              {Bytes(57, one + Bytes(2, Number(1, 1)) + Bytes(2, Bytes(2, Number(1, 5)))),
               R"({"mStringMessage":{"k":{"a":1,"corecursive":{"fInt32":5}}}})"},
              {Bytes(57, one + Bytes(2, Number(1, 1))) + Bytes(57, one + Bytes(2, Number(3, 2))),
               R"({"mStringMessage":{"k":{"numbers":[2]}}})"}});
}

TEST_F(MappingConformanceTest, KeepsTheLastOfAOneof) {
  ExpectJson(
      "All",
      {{Number(61, 0), R"({"oUint32":0})"},
       {Bytes(62, ""), R"({"oMessage":{}})"},
       {Bytes(63, ""), R"({"oString":""})"},
       {Bytes(64, ""), R"({"oBytes":""})"},
       {Number(65, 0), R"({"oBool":false})"},
       {Double(66, 0), R"({"oDouble":0})"},
       {Number(67, 0), R"({"oEnum":"RED"})"},
       {Number(68, 0), R"({"oNull":null})"},
       {Number(61, 1) + Number(61, 2), R"({"oUint32":2})"},
       {Number(61, 1) + Bytes(63, "x"), R"({"oString":"x"})"},
       {Bytes(63, "x") + Number(61, 1), R"({"oUint32":1})"},
       {Bytes(62, Number(1, 1)) + Bytes(62, Number(3, 2)), R"({"oMessage":{"a":1,"numbers":[2]}})"},
       {Bytes(62, Number(1, 1)) + Number(61, 3) + Bytes(62, Number(3, 2)),
        R"({"oMessage":{"numbers":[2]}})"},
       {Bytes(17, Number(1, 1)) + Number(61, 3), R"({"fMessage":{"a":1},"oUint32":3})"}});
}

TEST_F(MappingConformanceTest, SkipsWhatItDoesNotKnow) {
  ExpectJson("All", {{Number(5000, 1), "{}"},
                     {Fixed64(5000, 1) + Number(1, 2) + Fixed32(5001, 3), R"({"fInt32":2})"},
                     {Bytes(5000, "\xff\xff") + Number(1, 2), R"({"fInt32":2})"},
                     {Group(5000, Number(1, 1) + Group(1, "")) + Number(1, 2), R"({"fInt32":2})"},
                     {Number(536'870'911, 1), "{}"},
                     // Known numbers with the wire type of another field.
                     {Fixed32(1, 1), "{}"},
                     {Bytes(1, "\1"), "{}"},
                     {Number(14, 1), "{}"},
                     {Number(17, 1), "{}"},
                     {Fixed64(31, 1), "{}"},
                     {Group(17, Number(1, 1)), "{}"},
                     {Number(51, 1), "{}"}});
}

TEST_F(MappingConformanceTest, RefusesWhatIsCutOff) {
  for (const uint32_t field : {1u, 12u, 14u, 17u, 11u, 31u, 35u, 37u, 57u, 61u, 5000u}) {
    for (const uint32_t wire_type : {0u, 1u, 2u, 3u, 5u}) {
      std::vector<std::string> cut = {Tag(field, wire_type)};
      if (wire_type == 0) cut.push_back(Tag(field, 0) + "\x80");
      if (wire_type == 1) cut.push_back(Tag(field, 1) + "1234567");
      if (wire_type == 2) cut.push_back(Tag(field, 2) + "\x02x");
      if (wire_type == 2) cut.push_back(Tag(field, 2) + "\x80");
      if (wire_type == 3) cut.push_back(Tag(field, 3) + Number(1, 1));
      if (wire_type == 5) cut.push_back(Tag(field, 5) + "123");
      ExpectRefused("All", cut);
      for (std::string& bytes : cut) bytes = Bytes(17, Bytes(2, bytes));
      ExpectRefused("All", cut);
    }
  }
  ExpectRefused(
      "All", {"\x80"s, Bytes(31, "\x80"),   // in a packed value
              Bytes(31, "\x01\x80"),        //
              Bytes(34, "12345"),           //
              Bytes(35, "123456789"),       //
              Bytes(17, Tag(1, 0)),         // in a message
              Bytes(51, Tag(1, 0)),         // in a map's entry
              Bytes(51, Tag(9, 2) + "\7"),  //
              // in a message that another overwrites
              Bytes(62, Tag(1, 0)) + Number(61, 3), Bytes(57, Bytes(2, Tag(1, 0))) + Bytes(57, ""),
              Bytes(62, Bytes(3, "\x80")) + Number(61, 3)});
}

TEST_F(MappingConformanceTest, RefusesWhatIsNoWireFormat) {
  ExpectRefused("All",
                {"\x00"s,
                 "\x01"s
                 "DEADBEEF",
                 "\x02\x01\x01"s, "\x03\x04"s,
                 "\x05"s
                 "DEAD",
                 "\x00\x00"s, Tag(1, 4),                    // ends no group
                 Tag(1, 6) + "\1", Tag(1, 7) + "\1",        // no wire type
                 Tag(5000, 6) + "\1", Tag(5000, 7) + "\1",  //
                 Tag(5000, 3) + Tag(5001, 4),               // ends another group
                 Bytes(17, Tag(17, 4)), Tag(1, 0) + std::string(10, '\x80') + "\1",  // eleven bytes
                 Bytes(2, "").substr(0, 1) + std::string(9, '\xff') + "\xff\x01",
                 Tag(14, 2) + Varint(0xffffffff) + "x", Tag(14, 2) + Varint(kMinusOne) + "x",
                 Tag(5000, 2) + Varint(0x7fffffff) + "x"});
}

TEST_F(MappingConformanceTest, RefusesStringsThatAreNotUtf8) {
  for (const std::string& text : {"\xff"s, "\xc0\x80"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s,
                                  "abc\xe2\x82"s, "0123456789abcde\x80"s}) {
    ExpectRefused("All", {Bytes(14, text), Bytes(37, text), Bytes(63, text),
                          Bytes(78, Bytes(1, text)), Bytes(55, Bytes(1, text)),
                          Bytes(55, Bytes(1, text) + Bytes(1, "k")), Bytes(55, Bytes(2, text)),
                          Bytes(85, Bytes(3, text)), Bytes(17, Bytes(2, Bytes(14, text)))});
    ExpectRefused("Old", {Bytes(7, text)});
    ExpectJson("All", {{Bytes(5000, text), "{}"}});
  }
}

TEST_F(MappingConformanceTest, PrintsWrappersAsWhatTheyHold) {
  ExpectJson("All", {{Bytes(71, ""), R"({"wBool":false})"},
                     {Bytes(71, Number(1, 1)), R"({"wBool":true})"},
                     {Bytes(72, ""), R"({"wInt32":0})"},
                     {Bytes(73, Number(1, 1)), R"({"wInt64":"1"})"},
                     {Bytes(74, Number(1, 1)), R"({"wUint32":1})"},
                     {Bytes(75, ""), R"({"wUint64":"0"})"},
                     {Bytes(76, Float(1, 0.5F)), R"({"wFloat":0.5})"},
                     {Bytes(77, Double(1, std::numeric_limits<double>::infinity())),
                      R"({"wDouble":"Infinity"})"},
                     {Bytes(78, ""), R"({"wString":""})"},
                     {Bytes(79, Bytes(1, "\1\2")), R"({"wBytes":"AQI="})"}});
}

std::string SecondsAndNanos(uint32_t field, int64_t seconds, int64_t nanos) {
  return Bytes(field,
               Number(1, static_cast<uint64_t>(seconds)) + Number(2, static_cast<uint64_t>(nanos)));
}

TEST_F(MappingConformanceTest, PrintsDurationsInTheirRange) {
  const struct {
    int64_t seconds, nanos;
    const char* text;
  } rows[] = {{0, 0, "0s"},
              {1, 0, "1s"},
              {1, 10'000'000, "1.010s"},
              {1, 10'000, "1.000010s"},
              {1, 10, "1.000000010s"},
              {0, -500'000'000, "-0.500s"},
              {-1, -1, "-1.000000001s"},
              {315'576'000'000, 999'999'999, "315576000000.999999999s"},
              {-315'576'000'000, -999'999'999, "-315576000000.999999999s"}};
  for (const auto& row : rows) {
    ExpectJson("All", {{SecondsAndNanos(81, row.seconds, row.nanos),
                        "{\"duration\":\""s + row.text + "\"}"}});
  }
  ExpectRefused("All",
                {SecondsAndNanos(81, 315'576'000'001, 0), SecondsAndNanos(81, -315'576'000'001, 0),
                 SecondsAndNanos(81, 1, -1), SecondsAndNanos(81, -1, 1),
                 SecondsAndNanos(81, 0, 1'000'000'000), SecondsAndNanos(81, 0, -1'000'000'000),
                 SecondsAndNanos(81, std::numeric_limits<int64_t>::min(), 0)});
}

TEST_F(MappingConformanceTest, PrintsTimestampsInTheirRange) {
  const struct {
    int64_t seconds, nanos;
    const char* text;
  } rows[] = {{0, 0, "1970-01-01T00:00:00Z"},
              {0, 10'000'000, "1970-01-01T00:00:00.010Z"},
              {0, 10'000, "1970-01-01T00:00:00.000010Z"},
              {0, 10, "1970-01-01T00:00:00.000000010Z"},
              {-1, 999'999'999, "1969-12-31T23:59:59.999999999Z"},
              {951'782'400, 0, "2000-02-29T00:00:00Z"},
              {4'107'542'399, 0, "2100-02-28T23:59:59Z"},
              {4'107'542'400, 0, "2100-03-01T00:00:00Z"},
              {-62'135'596'800, 0, "0001-01-01T00:00:00Z"},
              {253'402'300'799, 999'999'999, "9999-12-31T23:59:59.999999999Z"}};
  for (const auto& row : rows) {
    ExpectJson("All", {{SecondsAndNanos(82, row.seconds, row.nanos),
                        "{\"timestamp\":\""s + row.text + "\"}"}});
  }
  ExpectRefused("All",
                {SecondsAndNanos(82, -62'135'596'801, 0), SecondsAndNanos(82, 253'402'300'800, 0),
                 SecondsAndNanos(82, 0, -1), SecondsAndNanos(82, 0, 1'000'000'000)});
}

TEST_F(MappingConformanceTest, PrintsFieldMasksThatCanBeReadBack) {
  ExpectJson("All",
             {{Bytes(83, ""), R"({"fieldMask":""})"},
              {Bytes(83, Bytes(1, "foo") + Bytes(1, "bar_baz")), R"({"fieldMask":"foo,barBaz"})"},
              {Bytes(83, Bytes(1, "a.b_c.d")), R"({"fieldMask":"a.bC.d"})"}});
  ExpectRefused("All", {Bytes(83, Bytes(1, "fooBar")), Bytes(83, Bytes(1, "foo_3_bar")),
                        Bytes(83, Bytes(1, "foo__bar")), Bytes(83, Bytes(1, "foo_")),
                        Bytes(83, Bytes(1, "")), Bytes(83, Bytes(1, "a,b"))});
}

TEST_F(MappingConformanceTest, PrintsStructsAndValuesAsJson) {
  const auto field = [](const std::string& key, const std::string& value) {
    return Bytes(1, Bytes(1, key) + Bytes(2, value));
  };
  ExpectJson(
      "All",
      {{Bytes(84, ""), R"({"struct":{}})"},
       {Bytes(84, field("b", Number(1, 0)) + field("a", Double(2, 1))),
        R"({"struct":{"a":1,"b":null}})"},
       {Bytes(84, field("a", Double(2, 1)) + field("a", Bytes(3, "s"))), R"({"struct":{"a":"s"}})"},
       {Bytes(85, Number(1, 0)), R"({"value":null})"},
       {Bytes(85, Double(2, 0.5)), R"({"value":0.5})"},
       {Bytes(85, Bytes(3, "x")), R"({"value":"x"})"},
       {Bytes(85, Number(4, 0)), R"({"value":false})"},
       {Bytes(85, Bytes(5, field("k", Number(4, 1)))), R"({"value":{"k":true}})"},
       {Bytes(85, Bytes(6, Bytes(1, Number(1, 0)) + Bytes(1, Bytes(6, "")))),
        R"({"value":[null,[]]})"},
       {Bytes(85, Double(2, 1) + Bytes(3, "last")), R"({"value":"last"})"},
       {Bytes(85, Double(2, 1)) + Bytes(85, Number(4, 1)), R"({"value":true})"},
       {Bytes(85, Bytes(6, Bytes(1, Number(4, 1)))) + Bytes(85, Bytes(6, Bytes(1, Number(4, 0)))),
        R"({"value":[true,false]})"},
       {Bytes(87, ""), R"({"list":[]})"},
       {Bytes(88, Number(1, 0)) + Bytes(88, Bytes(5, "")), R"({"rValue":[null,{}]})"}});
  ExpectRefused("All", {Bytes(85, Double(2, std::numeric_limits<double>::quiet_NaN())),
                        Bytes(85, Double(2, std::numeric_limits<double>::infinity())),
                        Bytes(85, ""), Bytes(87, Bytes(1, "")), Bytes(84, field("k", "")),
                        Bytes(84, Bytes(1, Bytes(1, "k")))});
}

std::string Any(const std::string& type, const std::string& bytes) {
  return Bytes(1, kUrl + type) + Bytes(2, bytes);
}

TEST_F(MappingConformanceTest, PrintsWhatAnAnyHolds) {
  const auto any = [](const std::string& rest) {
    return R"({"any":{"@type":"type.googleapis.com/)" + rest + "}}";
  };
  ExpectJson(
      "All",
      {{Bytes(86, ""), R"({"any":{}})"},
       {Bytes(86, Any("mapping.v1.All", Number(1, 12345))),
        any(R"(mapping.v1.All","fInt32":12345)")},
       {Bytes(86, Any("mapping.v1.All", "")), any(R"(mapping.v1.All")")},
       {Bytes(86, Bytes(2, Number(1, 5)) + Bytes(1, kUrl + "mapping.v1.All"s)),
        any(R"(mapping.v1.All","fInt32":5)")},
       {Bytes(86, Any("google.protobuf.Int32Value", Number(1, 12345))),
        any(R"(google.protobuf.Int32Value","value":12345)")},
       {Bytes(86, Any("google.protobuf.Duration", Number(1, 1))),
        any(R"(google.protobuf.Duration","value":"1s")")},
       {Bytes(86, Any("google.protobuf.Timestamp", "")),
        any(R"(google.protobuf.Timestamp","value":"1970-01-01T00:00:00Z")")},
       {Bytes(86, Any("google.protobuf.FieldMask", Bytes(1, "foo") + Bytes(1, "bar_baz"))),
        any(R"(google.protobuf.FieldMask","value":"foo,barBaz")")},
       {Bytes(86,
              Any("google.protobuf.Struct", Bytes(1, Bytes(1, "foo") + Bytes(2, Double(2, 1))))),
        any(R"(google.protobuf.Struct","value":{"foo":1})")},
       {Bytes(86, Any("google.protobuf.Value", Double(2, 1))),
        any(R"(google.protobuf.Value","value":1)")},
       {Bytes(86, Any("google.protobuf.Any", Any("mapping.v1.All", Number(1, 12345)))),
        any(R"(google.protobuf.Any","value":{"@type":"type.googleapis.com/mapping.v1.All","fInt32":12345})")}});
  ExpectRefused("All", {Bytes(86, Any("mapping.v1.None", "")), Bytes(86, Bytes(2, "x")),
                        Bytes(86, Any("mapping.v1.All", "\x08")),
                        Bytes(86, Bytes(1, "\xff") + Any("mapping.v1.All", "")),
                        Bytes(86, Any("mapping.v1.Strict", "")),
                        Bytes(86, Any("google.protobuf.Value", ""))});
}

TEST_F(MappingConformanceTest, PrintsProto2MessagesByTheirPresence) {
  ExpectJson(
      "Old",
      {{"", "{}"},
       {Number(1, 0), R"({"number":0})"},
       {Number(2, 0), R"({"color":"RED"})"},
       {Bytes(7, ""), R"({"text":""})"},
       // Values that a closed enum does not have are unknown fields.
       {Number(2, 1) + Number(2, 9), R"({"color":"GREEN"})"},
       {Number(2, 9), "{}"},
       // Of an open enum they are not, whatever message it is in.
       {Number(11, 5), R"({"open":null})"},
       {Number(3, 1) + Number(3, 9) + Bytes(3, Varint(9) + Varint(2)),
        R"({"colors":["GREEN","BLUE"]})"},
       {Bytes(8, Varint(9) + Varint(1)), R"({"packedColors":["GREEN"]})"},
       {Bytes(4, Bytes(1, "a") + Number(2, 1)) + Bytes(4, Bytes(1, "b") + Number(2, 9)),
        R"({"colorOf":{"a":"GREEN"}})"},
       // Of an entry the last value decides.
       {Bytes(4, Bytes(1, "a") + Number(2, 9) + Number(2, 1)), R"({"colorOf":{"a":"GREEN"}})"},
       {Bytes(4, Bytes(1, "a") + Number(2, 1) + Number(2, 9)), "{}"}});
}

TEST_F(MappingConformanceTest, PrintsGroupsAsMessages) {
  ExpectJson("Old", {{Group(5, Number(1, 3)), R"({"data":{"inside":3}})"},
                     {Group(5, Number(1, 3)) + Group(5, Bytes(2, Number(1, 1))),
                      R"({"data":{"inside":3,"olds":[{"number":1}]}})"},
                     {Group(6, Bytes(1, "a")) + Group(6, ""), R"({"row":[{"cell":"a"},{}]})"},
                     {Group(9, Number(1, 1)) + Number(10, 2), R"({"other":2})"},
                     {Number(10, 2) + Group(9, ""), R"({"chosen":{}})"},
                     {Bytes(5, Number(1, 3)), "{}"}});
  ExpectRefused("Old", {Tag(5, 3), Tag(5, 3) + Tag(6, 4), Tag(5, 3) + Tag(1, 0) + Tag(5, 4)});
}

TEST_F(MappingConformanceTest, RefusesMessagesWithoutTheirRequiredFields) {
  ExpectJson("Strict", {{Number(1, 0), R"({"number":0})"},
                        {Bytes(2, "") + Number(1, 1) + Bytes(2, Number(1, 2)),
                         R"({"number":1,"child":{"number":2}})"}});
  ExpectRefused("Strict", {"", Bytes(2, Number(1, 1)), Number(1, 1) + Bytes(2, ""),
                           Number(1, 1) + Bytes(3, Bytes(1, "k") + Bytes(2, ""))});
}

}  // namespace
}  // namespace sluice
