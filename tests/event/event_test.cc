#include "bridge/event/event.h"

#include <gtest/gtest.h>

#include "tests/fakes/events.h"

namespace sluice {
namespace {

TEST(StoredEvent, HasItsFrameInTheDefaultView) {
  Event event = MakeEvent("a/1", "{\"x\":1}", "note");
  event.retry_ms = 100;
  const StoredEvent stored(std::move(event), {1, 2, false});
  EXPECT_EQ(stored.default_frame().plain(),
            "event: note\nid: 0000000000000001-2\nretry: 100\ndata: {\"x\":1}\n\n");
}

TEST(StoredEvent, GivesItsDataBackWhereverItIsKept) {
  for (const std::string data : {"", "{\"x\":1}", "two\nlines", "ends in a break\n", "\n"}) {
    const StoredEvent stored(MakeEvent("a/1", data), {1, 2, false});
    EXPECT_EQ(stored.data(), data);
  }
}

TEST(StoredEvent, MayHaveNoDataAtAll) {
  Event event;
  event.topic = "a/1";
  event.retry_ms = 5000;
  const StoredEvent stored(std::move(event), {1, 2, false});
  EXPECT_EQ(stored.data(), std::nullopt);
  EXPECT_EQ(stored.default_frame().plain(), "id: 0000000000000001-2\nretry: 5000\n\n");
}

TEST(StoredEvent, SaysInItsIdThatItEndsTheStream) {
  const StoredEvent stored(Ending(MakeEvent("a/1", "x")), {1, 2, false});
  EXPECT_TRUE(stored.id().end);
  EXPECT_NE(stored.default_frame().plain().find("id: 0000000000000001-2.end\n"), std::string::npos);
}

TEST(StoredEvent, HasNoIdLineWhenTransient) {
  const StoredEvent stored(Transient(MakeEvent("a/1", "x")), {1, 2, false});
  EXPECT_EQ(stored.default_frame().plain(), "event: note\ndata: x\n\n");
}

TEST(StoredEvent, CountsWhatItCosts) {
  const StoredEvent small(MakeEvent("a/1", "x"), {1, 1, false});
  const StoredEvent large(MakeEvent("a/1", std::string(100'000, 'x')), {1, 2, false});
  EXPECT_GE(large.bytes(), small.bytes() + 99'999);
  EXPECT_LT(large.bytes(), small.bytes() + 2 * 99'999) << "one line of data is kept twice";
}

}  // namespace
}  // namespace sluice
