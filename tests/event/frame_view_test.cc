#include "bridge/event/frame_view.h"

#include <gtest/gtest.h>

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

TEST(FrameView, PutsTheEndFlagOnlyWhereItIsAskedTo) {
  const Event event = Ending(MakeEvent("a/1", "x"));
  EXPECT_EQ(Encode(event, {}, true), "event: note\nid: 0000000000000001-2.end\ndata: x\n\n");
  EXPECT_EQ(Encode(event, {}, false), "event: note\nid: 0000000000000001-2\ndata: x\n\n");
}

}  // namespace
}  // namespace sluice
