#include "bridge/event/sse_frame.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(SseFrame, HasItsFieldsInOrder) {
  const SseFrame frame({.event = "note", .id = "7", .retry_ms = 250, .data = "{\"a\":1}"});
  EXPECT_EQ(frame.plain(), "event: note\nid: 7\nretry: 250\ndata: {\"a\":1}\n\n");
}

TEST(SseFrame, LeavesOutWhatIsNotThere) {
  EXPECT_EQ(SseFrame({.data = "x"}).plain(), "data: x\n\n");
  EXPECT_EQ(SseFrame({.retry_ms = 0}).plain(), "retry: 0\n\n");
  EXPECT_EQ(SseFrame({.id = "7"}).plain(), "id: 7\n\n");
  EXPECT_EQ(SseFrame({.comment = "heartbeat", .id = "7"}).plain(), ": heartbeat\nid: 7\n\n");
}

TEST(SseFrame, SendsEmptyDataAsAnEmptyLine) {
  EXPECT_EQ(SseFrame({.data = ""}).plain(), "data: \n\n");
}

TEST(SseFrame, MakesEveryLineBreakAFurtherDataLine) {
  EXPECT_EQ(SseFrame({.data = "a\nb"}).plain(), "data: a\ndata: b\n\n");
  EXPECT_EQ(SseFrame({.data = "a\r\nb"}).plain(), "data: a\ndata: b\n\n");
  EXPECT_EQ(SseFrame({.data = "a\rid: 9"}).plain(), "data: a\ndata: id: 9\n\n");
  EXPECT_EQ(SseFrame({.data = "a\n\nevent: x\n"}).plain(),
            "data: a\ndata: \ndata: event: x\ndata: \n\n");
}

TEST(SseFrame, IsAlsoAChunk) {
  const SseFrame frame({.data = "x"});
  EXPECT_EQ(frame.chunked(), "9\r\ndata: x\n\n\r\n");
  const SseFrame large({.data = std::string(1000, 'x')});
  EXPECT_EQ(large.chunked(), "3f0\r\n" + std::string(large.plain()) + "\r\n");
}

}  // namespace
}  // namespace sluice
