// What fields come in whatever order and pieces, extensions, styles of types, and bytes
// that are broken or made to cost much.
#include "bridge/schema/transcoder/message_printer.h"

#include <gmock/gmock.h>
#include <google/protobuf/any.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <string>

#include "bridge/schema/json_transcoder.h"
#include "tests/schema/test_schema.h"
#include "tests/schema/wire_bytes.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;
using testing::HasSubstr;

// A message with extensions, one of which is a message; a MessageSet; a type whose style
// differs from that of what it holds.
constexpr char kFiles[] = R"pb(
  file {
    name: "ext.proto"
    package: "ext"
    syntax: "proto2"
    enum_type {
      name: "Mood"
      value { name: "BAD" number: 0 }
      value { name: "GOOD" number: 1 }
    }
    message_type {
      name: "Open"
      extension_range { start: 100 end: 150 }
      extension_range { start: 151 end: 200 }
      field { name: "own" number: 150 label: LABEL_OPTIONAL type: TYPE_INT32 }
    }
    message_type {
      name: "Set"
      extension_range { start: 4 end: 1000 }
      options { message_set_wire_format: true }
    }
    message_type {
      name: "Outer"
      field {
        name: "its_mood"
        number: 1
        label: LABEL_OPTIONAL
        type: TYPE_ENUM
        type_name: ".ext.Mood"
      }
      field {
        name: "an_inner"
        number: 2
        label: LABEL_OPTIONAL
        type: TYPE_MESSAGE
        type_name: ".ext.Inner"
      }
      field {
        name: "moods"
        number: 3
        label: LABEL_REPEATED
        type: TYPE_MESSAGE
        type_name: ".ext.Outer.MoodsEntry"
      }
      nested_type {
        name: "MoodsEntry"
        options { map_entry: true }
        field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_SINT32 }
        field {
          name: "value"
          number: 2
          label: LABEL_OPTIONAL
          type: TYPE_ENUM
          type_name: ".ext.Mood"
        }
      }
    }
    message_type {
      name: "Inner"
      field {
        name: "its_mood"
        number: 1
        label: LABEL_OPTIONAL
        type: TYPE_ENUM
        type_name: ".ext.Mood"
      }
      field { name: "some_numbers" number: 2 label: LABEL_REPEATED type: TYPE_INT32 }
    }
    extension {
      name: "note"
      number: 120
      extendee: ".ext.Open"
      label: LABEL_OPTIONAL
      type: TYPE_STRING
    }
    extension {
      name: "inner"
      number: 160
      extendee: ".ext.Open"
      label: LABEL_OPTIONAL
      type: TYPE_MESSAGE
      type_name: ".ext.Inner"
    }
    extension {
      name: "numbers"
      number: 121
      extendee: ".ext.Open"
      label: LABEL_REPEATED
      type: TYPE_INT32
    }
    extension {
      name: "in_set"
      number: 5
      extendee: ".ext.Set"
      label: LABEL_OPTIONAL
      type: TYPE_MESSAGE
      type_name: ".ext.Inner"
    }
  })pb";

class MessagePrinterTest : public testing::Test {
 protected:
  static absl::StatusOr<std::string> Print(const SchemaPtr& schema, std::string_view type,
                                           std::string_view bytes) {
    return PrintMessage(*schema->Find(type)->plan, bytes);
  }
  std::string Everything(std::string_view bytes) {
    const auto json = Print(chat_, "acme.chat.v1.Everything", bytes);
    return json.ok() ? *json : std::string(json.status().message());
  }
  static SchemaPtr Extended(const JsonOptions& options) {
    static const std::string path = WriteDescriptorSet("ext.binpb", kFiles);
    return (*SchemaRegistry::Load({path}, options))->current();
  }

  const SchemaPtr chat_ = ChatSchema({.style = {.print_implicit_fields = false}})->current();
};

TEST_F(MessagePrinterTest, PrintsKnownExtensionsByTheirFullNames) {
  for (const bool implicit : {false, true}) {
    const SchemaPtr schema = Extended({.style = {.print_implicit_fields = implicit}});
    EXPECT_EQ(*Print(schema, "ext.Open", ""), "{}");
    EXPECT_EQ(*Print(schema, "ext.Open",
                     Bytes(160, Number(1, 1) + Number(2, 3)) + Number(150, 2) + Bytes(120, "n") +
                         Number(199, 1)),
              R"({"[ext.note]":"n","own":2,"[ext.inner]":{"itsMood":"GOOD","someNumbers":[3]}})");
    EXPECT_EQ(*Print(schema, "ext.Open", Number(121, 1) + Bytes(121, Varint(2) + Varint(3))),
              R"({"[ext.numbers]":[1,2,3]})");
  }
}

TEST_F(MessagePrinterTest, LeavesOutWhatAMessageSetHolds) {
  const SchemaPtr schema = Extended({});
  const std::string inside = Number(1, 1);
  EXPECT_EQ(*Print(schema, "ext.Set", Group(1, Number(2, 5) + Bytes(3, inside))), "{}");
  EXPECT_EQ(*Print(schema, "ext.Set", Bytes(5, inside)), "{}");
}

TEST_F(MessagePrinterTest, PrintsEachTypeInItsOwnStyle) {
  JsonOptions options;
  options.style.print_implicit_fields = false;
  options.types["ext.Outer"] = {.proto_field_names = true, .enums_as_numbers = true};
  options.types["ext.Inner"] = {.print_implicit_fields = true};
  const SchemaPtr schema = Extended(options);
  const std::string entry = Number(1, 3) + Number(2, 1);  // -2 in zigzag
  EXPECT_EQ(*Print(schema, "ext.Outer", Number(1, 1) + Bytes(2, Number(1, 1)) + Bytes(3, entry)),
            R"({"its_mood":1,"an_inner":{"itsMood":"GOOD","someNumbers":[]},"moods":{"-2":1}})");
}

TEST_F(MessagePrinterTest, DropsAnEntryWhoseClosedEnumIsUnknown) {
  const SchemaPtr schema = Extended({.style = {.print_implicit_fields = false}});
  const auto entry = [](uint64_t mood) { return Bytes(3, Number(1, 2) + Number(2, mood)); };
  EXPECT_EQ(*Print(schema, "ext.Outer", entry(9)), "{}");
  EXPECT_EQ(*Print(schema, "ext.Outer", entry(1) + entry(9)), R"({"moods":{"1":"GOOD"}})");
}

TEST_F(MessagePrinterTest, MergesPiecesHoweverTheyAreMixed) {
  // child { maybe numbers child { big counts } }, in three pieces among other fields.
  const std::string bytes =
      Bytes(9, Number(8, 1) + Bytes(9, Number(2, 1))) + Number(1, 1) +
      Bytes(9, Bytes(6, Varint(1) + Varint(2))) + Number(2, 5) +
      Bytes(9, Bytes(9, Bytes(7, Bytes(1, "k"))) + Number(6, 3) + Number(8, 0));
  EXPECT_EQ(Everything(bytes), R"({"isTyping":true,"big":"5","child":{"numbers":[1,2,3],"maybe":0,)"
                               R"("child":{"big":"1","counts":{"k":0}}}})");
}

TEST_F(MessagePrinterTest, ClearsAOneofAtEveryOtherMember) {
  EXPECT_EQ(Everything(Bytes(16, "a") + Number(17, 1)), R"({"number":1})");
  EXPECT_EQ(Everything(Bytes(16, "a") + Number(17, 1) + Bytes(16, "b")), R"({"text":"b"})");
  EXPECT_EQ(Everything(Bytes(16, "\xff") + Number(17, 1)),
            "field acme.chat.v1.Everything.text is not UTF-8");
  // Of a Value: the struct that came before the string is not merged into the later one.
  const auto object = [](const char* key) {
    return Bytes(5, Bytes(1, Bytes(1, key) + Bytes(2, Number(4, 1))));
  };
  EXPECT_EQ(Everything(Bytes(13, object("a") + object("b"))), R"({"value":{"a":true,"b":true}})");
  EXPECT_EQ(Everything(Bytes(13, object("a") + Bytes(3, "s") + object("b"))),
            R"({"value":{"b":true}})");
}

TEST_F(MessagePrinterTest, PrintsOneMemberOfAOneof) {
  const MessagePlan& plan = *chat_->Find("acme.chat.v1.Everything")->plan;
  const auto text = PrintOneof(plan, "choice", Number(1, 1) + Bytes(16, "t") + Number(20, 1));
  EXPECT_EQ(text->field_number, 16);
  EXPECT_EQ(text->json, "\"t\"");
  EXPECT_EQ(PrintOneof(plan, "choice", Number(17, 0))->json, "0");
  EXPECT_EQ(PrintOneof(plan, "choice", Number(1, 1))->field_number, 0);
  EXPECT_FALSE(PrintOneof(plan, "choice", Bytes(16, "\xff")).ok());
}

TEST_F(MessagePrinterTest, PassesUnknownTypesOnAsBase64WhenAsked) {
  const auto registry =
      ChatSchema({.style = {.print_implicit_fields = false}, .unknown_types_as_base64 = true});
  pb::Any any;
  any.set_type_url("x/acme.Unknown");
  any.set_value("\x01\x02");
  const auto typed = JsonTranscoder(registry).FromAny(any);
  EXPECT_EQ(typed->type, "message");
  EXPECT_EQ(typed->json, R"({"@type":"x/acme.Unknown","value":"AQI="})");
  EXPECT_EQ(
      *Print(registry->current(), "acme.chat.v1.Everything", Bytes(10, any.SerializeAsString())),
      R"({"any":{"@type":"x/acme.Unknown","value":"AQI="}})");
}

// Each message comes in two pieces, inside each other: whoever goes over them anew at
// every level doubles the work at each.
TEST_F(MessagePrinterTest, TakesMessagesInPiecesInsideEachOtherAtOnce) {
  std::string bytes;
  for (int i = 0; i < 60; ++i) bytes = Bytes(9, bytes) + Bytes(9, Number(8, i));
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_THAT(Everything(bytes), HasSubstr("\"maybe\":0"));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
}

std::string Sample() {
  return Number(1, 1) + Number(2, 300) + Double(3, 0.5) + Bytes(4, "\xff\x01") + Number(5, 1) +
         Bytes(6, Varint(1) + Varint(200)) + Bytes(7, Bytes(1, "a") + Number(2, 1)) +
         Bytes(7, Bytes(1, "b") + Number(2, 2)) + Bytes(9, Number(8, 3) + Bytes(18, "in")) +
         Bytes(10, Bytes(1, "x/acme.chat.v1.TokenAdded") + Bytes(2, Bytes(1, "t"))) +
         Bytes(11, Number(1, 1)) + Bytes(12, Number(1, 1)) + Bytes(14, Bytes(1, Number(4, 1))) +
         Bytes(15, Bytes(1, "w")) + Bytes(16, "text") + Bytes(19, Number(2, 1)) + Bytes(19, "");
}

// What protobuf makes of the bytes, written in order and printed, is what ours prints;
// and what it refuses, ours refuses.
void ExpectAsParsed(const SchemaPtr& schema, pb::DynamicMessageFactory* factory,
                    const std::string& bytes) {
  const MessageType& type = *schema->Find("acme.chat.v1.Everything");
  const std::unique_ptr<pb::Message> message(factory->GetPrototype(type.descriptor)->New());
  const auto printed = PrintMessage(*type.plan, bytes);
  if (!message->ParseFromString(bytes)) {
    EXPECT_FALSE(printed.ok()) << *printed;
    return;
  }
  const auto canonical = PrintMessage(*type.plan, message->SerializeAsString());
  ASSERT_EQ(printed.status(), canonical.status());
  if (printed.ok()) {
    EXPECT_EQ(*printed, *canonical);
  }
}

TEST_F(MessagePrinterTest, RefusesBrokenBytesOrPrintsWhatTheySay) {
  pb::DynamicMessageFactory factory(&chat_->pool());
  const std::string sample = Sample();
  ASSERT_TRUE(Print(chat_, "acme.chat.v1.Everything", sample).ok()) << Everything(sample);
  for (size_t size = 0; size <= sample.size(); ++size) {
    ExpectAsParsed(chat_, &factory, sample.substr(0, size));
  }
  for (size_t bit = 0; bit < 8 * sample.size(); ++bit) {
    std::string flipped = sample;
    flipped[bit / 8] = static_cast<char>(flipped[bit / 8] ^ (1 << bit % 8));
    ExpectAsParsed(chat_, &factory, flipped);
  }
}

}  // namespace
}  // namespace sluice
