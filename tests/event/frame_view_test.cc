#include "bridge/event/frame_view.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/event/event_fields.h"
#include "tests/fakes/events.h"

namespace sluice {
namespace {

std::string Encode(const Event& event, const FrameView& view, bool end = false) {
  const StoredEvent stored(event, {1, 2, false});
  return std::string(EncodeFrame(stored, view, end).plain());
}

TEST(FrameView, SwitchesLinesOff) {
  Event event = MakeEvent("a/1", "x", "note");
  event.retry_ms = 5;
  EXPECT_EQ(Encode(event, {.ids = IdLine::kOff}), "event: note\nretry: 5\ndata: x\n\n");
  EXPECT_EQ(Encode(event, {.event_line = false}), "id: 0000000000000001-2\nretry: 5\ndata: x\n\n");
  EXPECT_EQ(Encode(event, {.retry_line = false}),
            "event: note\nid: 0000000000000001-2\ndata: x\n\n");
}

TEST(FrameView, SendsThePublishersIdWhereThereIsOne) {
  Event event = MakeEvent("a/1", "x");
  EXPECT_EQ(Encode(event, {.ids = IdLine::kPublisher}),
            "event: note\nid: 0000000000000001-2\ndata: x\n\n");
  event.publisher_id = "msg-1";
  EXPECT_EQ(Encode(event, {.ids = IdLine::kPublisher}), "event: note\nid: msg-1\ndata: x\n\n");
}

TEST(FrameView, ShowsNobodyTheBridgesOwnIds) {
  Event event = MakeEvent("a/1", "x");
  event.publisher_id = absl::StrCat(AsAbsl(kOwnIdPrefix), "0123-1");
  EXPECT_EQ(Encode(event, {.ids = IdLine::kPublisher}),
            "event: note\nid: 0000000000000001-2\ndata: x\n\n");
}

TEST(FrameView, SendsAPublishersIdOnlyWhereAClientCanComeBackToIt) {
  Event event = MakeEvent("a/1", "x");
  event.publisher_id = "msg-1";
  EXPECT_EQ(Encode(Transient(event), {.ids = IdLine::kPublisher}), "event: note\ndata: x\n\n");
  EXPECT_EQ(Encode(Ending(event), {.ids = IdLine::kPublisher}, true),
            "event: note\nid: 0000000000000001-2.end\ndata: x\n\n")
      << "without the end flag the client would come back for ever";
}

TEST(FrameView, ReplacesEventAndDataByRule) {
  const FrameView view{
      .rules = {{.type = "end", .data = "__END__"}, {.type = "note", .event = "message"}}};
  EXPECT_EQ(Encode(MakeEvent("a/1", "x", "end"), view),
            "event: end\nid: 0000000000000001-2\ndata: __END__\n\n");
  EXPECT_EQ(Encode(MakeEvent("a/1", "x", "note"), view),
            "event: message\nid: 0000000000000001-2\ndata: x\n\n");
  EXPECT_EQ(Encode(MakeEvent("a/1", "x", "other"), view),
            "event: other\nid: 0000000000000001-2\ndata: x\n\n");
}

// The `data:` line alone.
std::string Data(const Event& event, const FrameRule& rule) {
  return Encode(event, {.ids = IdLine::kOff, .event_line = false, .rules = {rule}});
}

FrameRule JsonRule(std::string_view json) {
  return {.type = "note", .json = *FrameTemplate::Parse(json)};
}

Event Text(Event event) {
  event.data_is_text = true;
  return event;
}

TEST(FrameView, HasARuleForAllTypesThatHaveNoneOfTheirOwn) {
  const FrameView view{.ids = IdLine::kOff,
                       .rules = {{.type = "*", .event = "message"}, {.type = "end"}}};
  EXPECT_EQ(Encode(MakeEvent("a/1", "1", "note"), view), "event: message\ndata: 1\n\n");
  EXPECT_EQ(Encode(MakeEvent("a/1", "1", ""), view), "event: message\ndata: 1\n\n");
  EXPECT_EQ(Encode(MakeEvent("a/1", "1", "end"), view), "event: end\ndata: 1\n\n");
}

TEST(FrameView, LeavesABareRetryWhatItIs) {
  Event event = MakeEvent("a/1", "", "");
  event.data.reset();
  event.retry_ms = 5;
  const FrameView view{.ids = IdLine::kOff,
                       .rules = {{.type = "*", .event = "message", .data = "x"}}};
  EXPECT_EQ(Encode(event, view), "retry: 5\n\n");
}

TEST(FrameView, MakesOtherJsonOfThePayload) {
  const FrameRule rule = JsonRule(R"({"type":"${type}","text":"${data.content}"})");
  EXPECT_EQ(Data(MakeEvent("a/1", R"({"content":"hi","x":1})"), rule),
            "data: {\"type\":\"note\",\"text\":\"hi\"}\n\n");
  Event none = MakeEvent("a/1", "");
  none.data.reset();
  EXPECT_EQ(Data(none, rule), "data: {\"type\":\"note\",\"text\":null}\n\n");
}

TEST(FrameView, TakesTextAsAJsonString) {
  const FrameRule rule = JsonRule(R"({"token":"${data}"})");
  EXPECT_EQ(Data(Text(MakeEvent("a/1", "a\n\"b\"")), rule),
            "data: {\"token\":\"a\\n\\\"b\\\"\"}\n\n");
  EXPECT_EQ(Data(Text(MakeEvent("a/1", "12")), rule), "data: {\"token\":\"12\"}\n\n");
  EXPECT_EQ(Data(MakeEvent("a/1", "12"), rule), "data: {\"token\":12}\n\n");
  EXPECT_EQ(Data(Text(MakeEvent("a/1", R"({"x":1})")), JsonRule(R"("${data.x}")")),
            "data: null\n\n");
}

TEST(FrameView, PutsTheTypeIntoThePayload) {
  const FrameRule rule{.type = "note", .event = "message", .type_key = "kind"};
  EXPECT_EQ(Data(MakeEvent("a/1", R"({"a":1,"b":[2]})"), rule),
            "data: {\"kind\":\"note\",\"a\":1,\"b\":[2]}\n\n");
  EXPECT_EQ(Data(MakeEvent("a/1", "{}"), rule), "data: {\"kind\":\"note\"}\n\n");
  EXPECT_EQ(Data(MakeEvent("a/1", R"({"a":1,"kind":"x","\u006bind":2})"), rule),
            "data: {\"kind\":\"note\",\"a\":1}\n\n")
      << "the type wins";
}

TEST(FrameView, LeavesPayloadsThatTakeNoTypeAsTheyAre) {
  const FrameRule rule{.type = "*", .type_key = "kind"};
  for (const char* data : {"[1]", "\"{}\"", "null"}) {
    EXPECT_EQ(Data(MakeEvent("a/1", data), rule), "data: " + std::string(data) + "\n\n");
  }
  EXPECT_EQ(Data(Text(MakeEvent("a/1", "{}")), rule), "data: {}\n\n");
  EXPECT_EQ(Data(MakeEvent("a/1", "{}", ""), rule), "data: {}\n\n");
}

TEST(FrameView, PutsTheEndFlagOnlyWhereItIsAskedTo) {
  const Event event = Ending(MakeEvent("a/1", "x"));
  EXPECT_EQ(Encode(event, {}, true), "event: note\nid: 0000000000000001-2.end\ndata: x\n\n");
  EXPECT_EQ(Encode(event, {}, false), "event: note\nid: 0000000000000001-2\ndata: x\n\n");
}

// What is left of "a" and "b.c", whoever asks.
FrameView Masked(std::vector<FrameRule> rules = {}) {
  return {.ids = IdLine::kOff,
          .event_line = false,
          .rules = std::move(rules),
          .masks = *FieldMasks::Make({{"note", {"a", "b.c"}}})};
}

constexpr char kPayload[] = R"({"a":1,"b":{"c":2,"d":3},"secret":"x"})";

TEST(FrameView, LaysItsMasksOverThePayload) {
  EXPECT_EQ(Encode(MakeEvent("a/1", kPayload), Masked()), "data: {\"a\":1,\"b\":{\"c\":2}}\n\n");
  EXPECT_EQ(Encode(MakeEvent("a/1", kPayload, "other"), Masked()),
            "data: " + std::string(kPayload) + "\n\n");
  EXPECT_EQ(Encode(MakeEvent("a/1", "[{\"secret\":1}]"), Masked()), "data: {}\n\n");
}

TEST(FrameView, LeavesNothingOfMaskedText) {
  EXPECT_EQ(Encode(Text(MakeEvent("a/1", "secret\nlines")), Masked()), "data: {}\n\n");
  EXPECT_EQ(Encode(Text(MakeEvent("a/1", "public", "other")), Masked()), "data: public\n\n");
  EXPECT_EQ(Encode(Text(MakeEvent("a/1", "secret")), Masked({JsonRule(R"({"v":"${data}"})")})),
            "data: {\"v\":{}}\n\n");
}

TEST(FrameView, ShowsItsRulesOnlyWhatTheMasksLeave) {
  const Event event = MakeEvent("a/1", kPayload);
  EXPECT_EQ(
      Encode(event,
             Masked({JsonRule(R"({"all":"${data}","a":"${data.a}","secret":"${data.secret}"})")})),
      "data: {\"all\":{\"a\":1,\"b\":{\"c\":2}},\"a\":1,\"secret\":null}\n\n");
  EXPECT_EQ(Encode(event, Masked({{.type = "note", .type_key = "kind"}})),
            "data: {\"kind\":\"note\",\"a\":1,\"b\":{\"c\":2}}\n\n");
}

TEST(FrameView, MasksByTheEventsOwnTypeAndNotByTheNameThatARuleGivesIt) {
  FrameView view = Masked({{.type = "*", .event = "note"}, {.type = "note", .event = "other"}});
  view.event_line = true;
  EXPECT_EQ(Encode(MakeEvent("a/1", kPayload), view),
            "event: other\ndata: {\"a\":1,\"b\":{\"c\":2}}\n\n");
  EXPECT_EQ(Encode(MakeEvent("a/1", "{\"x\":1}", "free"), view),
            "event: note\ndata: {\"x\":1}\n\n");
}

TEST(FrameView, LeavesTheConstantsOfARuleToTheOperator) {
  EXPECT_EQ(Encode(MakeEvent("a/1", kPayload), Masked({{.type = "note", .data = "plain"}})),
            "data: plain\n\n");
}

TEST(FrameView, LeavesEventsWithoutDataWhatTheyAre) {
  Event event = MakeEvent("a/1", "");
  event.data.reset();
  EXPECT_EQ(Encode(event, {.ids = IdLine::kOff, .masks = Masked().masks}), "event: note\n\n");
}

TEST(FrameView, MasksWhatNoLogHoldsToo) {
  EXPECT_EQ(EncodeFrame(MakeEvent("", kPayload), "call-1", Masked()).plain(),
            "data: {\"a\":1,\"b\":{\"c\":2}}\n\n");
}

}  // namespace
}  // namespace sluice
