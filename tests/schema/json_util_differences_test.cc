// Where protobuf 3.21's json_util is wrong, and ours follows the specification. What the
// transcoder's fuzzer leaves out of its comparison with json_util is here.
#include <gmock/gmock.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>
#include <gtest/gtest.h>

#include <string>

#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"
#include "tests/schema/wire_bytes.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using testing::HasSubstr;
using testing::Not;

constexpr char kRefused[] = "refused";

class JsonUtilDifferencesTest : public testing::Test {
 protected:
  // As BinaryToJsonString prints it, straight from the bytes.
  std::string JsonUtil(const std::string& type, const std::string& bytes, bool implicit = false) {
    const SchemaPtr schema = SchemaOf(implicit);
    const std::unique_ptr<pb::util::TypeResolver> resolver(
        pb::util::NewTypeResolverForDescriptorPool("type.googleapis.com", &schema->pool()));
    pb::util::JsonPrintOptions options;
    options.always_print_primitive_fields = implicit;
    std::string json;
    return pb::util::BinaryToJsonString(resolver.get(), "type.googleapis.com/mapping.v1." + type,
                                        bytes, &json, options)
                   .ok()
               ? json
               : kRefused;
  }
  std::string Ours(const std::string& type, const std::string& bytes, bool implicit = false) {
    const SchemaPtr schema = SchemaOf(implicit);
    const auto printed = JsonTranscoder(*SchemaRegistry::Load({}, {}))
                             .FromMessage(*schema, *schema->Find("mapping.v1." + type), bytes);
    return printed.ok() ? printed->json : kRefused;
  }

 private:
  static SchemaPtr SchemaOf(bool implicit) {
    return (*SchemaRegistry::Load({MAPPING_DESCRIPTOR_SET},
                                  {.style = {.print_implicit_fields = implicit}}))
        ->current();
  }
};

#define EXPECT_THEIRS_AND_OURS(type, bytes, theirs, ours) \
  EXPECT_EQ(JsonUtil(type, bytes), theirs);               \
  EXPECT_EQ(Ours(type, bytes), ours)

TEST_F(JsonUtilDifferencesTest, PrintsAFieldThatCameTwiceOnceAndMergesMessages) {
  EXPECT_THEIRS_AND_OURS("All", Number(1, 1) + Number(1, 2), R"({"fInt32":1,"fInt32":2})",
                         R"({"fInt32":2})");
  EXPECT_THEIRS_AND_OURS("All", Bytes(17, Number(1, 1)) + Bytes(17, Number(3, 2)),
                         R"({"fMessage":{"a":1},"fMessage":{"numbers":[2]}})",
                         R"({"fMessage":{"a":1,"numbers":[2]}})");
}

TEST_F(JsonUtilDifferencesTest, PrintsFieldsInTheOrderOfTheirNumbers) {
  EXPECT_THEIRS_AND_OURS("All", Bytes(14, "b") + Number(1, 1), R"({"fString":"b","fInt32":1})",
                         R"({"fInt32":1,"fString":"b"})");
}

TEST_F(JsonUtilDifferencesTest, PrintsEachKeyOfAMapOnce) {
  EXPECT_THEIRS_AND_OURS(
      "All", Bytes(51, Number(1, 1) + Number(2, 2)) + Bytes(51, Number(1, 1) + Number(2, 3)),
      R"({"mInt32Int32":{"1":2,"1":3}})", R"({"mInt32Int32":{"1":3}})");
  EXPECT_THEIRS_AND_OURS("All",
                         Bytes(57, Bytes(1, "k") + Bytes(2, Number(1, 1)) + Bytes(2, Number(3, 2))),
                         R"({"mStringMessage":{"k":{"a":1},"k":{"numbers":[2]}}})",
                         R"({"mStringMessage":{"k":{"a":1,"numbers":[2]}}})");
}

TEST_F(JsonUtilDifferencesTest, RefusesTagsOfMoreThan32Bits) {
  const std::string tag = "\x88\x80\x80\x80\x10";  // of field 1, and a bit too many
  EXPECT_THEIRS_AND_OURS("All", tag + Varint(5), R"({"fInt32":5})", kRefused);
}

TEST_F(JsonUtilDifferencesTest, LeavesOutWhatAClosedEnumDoesNotHave) {
  EXPECT_THEIRS_AND_OURS("Old", Number(2, 9), R"({"color":9})", "{}");
}

TEST_F(JsonUtilDifferencesTest, PrintsGroups) {
  EXPECT_THEIRS_AND_OURS("Old", Group(5, Number(1, 3)), R"({"number":3})",
                         R"({"data":{"inside":3}})");
}

TEST_F(JsonUtilDifferencesTest, LeavesOutOptionalFieldsOfProto2ThatAreNotSet) {
  EXPECT_THAT(JsonUtil("Old", "", true), HasSubstr(R"("number":7)"));
  EXPECT_EQ(Ours("Old", "", true), R"({"colors":[],"colorOf":{},"row":[],"packedColors":[]})");
}

TEST_F(JsonUtilDifferencesTest, PrintsAnImplicitNullValueAsNull) {
  EXPECT_THAT(JsonUtil("All", "", true), HasSubstr(R"("null":"NULL_VALUE")"));
  EXPECT_THAT(Ours("All", "", true), HasSubstr(R"("null":null)"));
}

TEST_F(JsonUtilDifferencesTest, EscapesOnlyWhatJsonMustEscape) {
  EXPECT_THEIRS_AND_OURS("All", Number(416, 1), R"({"\"\u003c&'\u003e\\":1})", R"({"\"<&'>\\":1})");
  EXPECT_THEIRS_AND_OURS("All", Bytes(14, "</b>"), R"({"fString":"\u003c/b\u003e"})",
                         R"({"fString":"</b>"})");
}

TEST_F(JsonUtilDifferencesTest, RefusesDurationsOfMixedSigns) {
  EXPECT_THEIRS_AND_OURS("All", Bytes(81, Number(1, 1) + Number(2, ~uint64_t{0})),
                         R"({"duration":"1.294967295s"})", kRefused);
}

TEST_F(JsonUtilDifferencesTest, RefusesValuesWithoutAKind) {
  EXPECT_THEIRS_AND_OURS("All", Bytes(87, Bytes(1, "") + Bytes(1, Number(4, 1))),
                         R"({"list":[true]})", kRefused);
}

TEST_F(JsonUtilDifferencesTest, RefusesStringsThatAreNotUtf8) {
  EXPECT_THEIRS_AND_OURS("All", Bytes(14, "a\xff!"), R"({"fString":"a!"})", kRefused);
  EXPECT_THEIRS_AND_OURS("Old", Bytes(7, "a\xff!"), R"({"text":"a!"})", kRefused);
}

TEST_F(JsonUtilDifferencesTest, RefusesMessagesWithoutTheirRequiredFields) {
  EXPECT_THEIRS_AND_OURS("Strict", "", "{}", kRefused);
}

TEST_F(JsonUtilDifferencesTest, RefusesFieldMasksThatCannotBeReadBack) {
  EXPECT_THEIRS_AND_OURS("All", Bytes(83, Bytes(1, "fooBar")), R"({"fieldMask":"fooBar"})",
                         kRefused);
  EXPECT_THEIRS_AND_OURS("All", Bytes(83, Bytes(1, "_a")), R"({"fieldMask":"a"})",
                         R"({"fieldMask":"A"})");
  EXPECT_THEIRS_AND_OURS("All", Bytes(83, Bytes(1, "\"a_b")), R"({"fieldMask":"\"a_b"})",
                         R"({"fieldMask":"\"aB"})");
}

std::string Any(const std::string& url, const std::string& bytes) {
  return Bytes(86, Bytes(1, url) + (bytes.empty() ? "" : Bytes(2, bytes)));
}

TEST_F(JsonUtilDifferencesTest, RefusesAnAnyWhoseBytesAreNotOfItsType) {
  const std::string corrupt = Any("type.googleapis.com/mapping.v1.All", Tag(14, 2) +
                                                                            "\x05"
                                                                            "ab");
  EXPECT_THEIRS_AND_OURS("All", corrupt,
                         R"({"any":{"@type":"type.googleapis.com/mapping.v1.All","fString":"ab"}})",
                         kRefused);
}

TEST_F(JsonUtilDifferencesTest, PrintsAllOfAnAny) {
  const std::string duration = "type.googleapis.com/google.protobuf.Duration";
  EXPECT_THEIRS_AND_OURS("All", Any(duration, ""), R"({"any":{"@type":")" + duration + R"("}})",
                         R"({"any":{"@type":")" + duration + R"(","value":"0s"}})");
  const std::string all = "type.googleapis.com/mapping.v1.All";
  EXPECT_THAT(JsonUtil("All", Any(all, ""), true),
              HasSubstr("\"any\":{\"@type\":\"" + all + "\"}"));
  EXPECT_THAT(Ours("All", Any(all, ""), true),
              HasSubstr("\"any\":{\"@type\":\"" + all + "\",\"fInt32\":0,"));
  const std::string mask = "type.googleapis.com/google.protobuf.FieldMask";
  EXPECT_THAT(JsonUtil("All", Any(mask, Bytes(1, "a")), true), HasSubstr("\"paths\":[]"));
  EXPECT_THAT(Ours("All", Any(mask, Bytes(1, "a")), true), Not(HasSubstr("\"paths\"")));
  EXPECT_THEIRS_AND_OURS("All", Any("acme.com/mapping.v1.All", Number(1, 1)), kRefused,
                         R"({"any":{"@type":"acme.com/mapping.v1.All","fInt32":1}})");
}

}  // namespace
}  // namespace sluice
