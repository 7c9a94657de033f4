#include "bridge/event/event_id.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice {
namespace {

TEST(EventId, IsWrittenAsEpochAndOffset) {
  EXPECT_EQ(FormatEventId({0x1f, 42, false}), "000000000000001f-42");
  EXPECT_EQ(FormatEventId({0x1f, 42, true}), "000000000000001f-42.end");
}

TEST(EventId, ComesBackAsItWas) {
  for (const Offset offset : {Offset{0}, Offset{1}, std::numeric_limits<Offset>::max()}) {
    for (const bool end : {false, true}) {
      const EventId id{std::numeric_limits<Epoch>::max(), offset, end};
      const std::string text = FormatEventId(id);
      EXPECT_LE(text.size(), kEventIdBytesMax);
      EXPECT_EQ(ParseEventId(text), id) << text;
    }
  }
}

TEST(EventId, IsReadOnlyInItsOneSpelling) {
  for (const char* text :
       {"", "-", "1-1", "000000000000001f", "000000000000001f-", "000000000000001f-01",
        "000000000000001F-1", "000000000000001f--1", "000000000000001f-+1", "000000000000001f-1 ",
        " 000000000000001f-1", "000000000000001f-1.END", "000000000000001f-1.end.end",
        "000000000000001f-18446744073709551616", "00000000000000-1f-1", "0x0000000000001f-1",
        "000000000000001f_1", ".end", "000000000000001f-.end"}) {
    EXPECT_EQ(ParseEventId(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice
