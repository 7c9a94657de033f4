#include "bridge/event/call_id.h"

#include <gtest/gtest.h>

#include <limits>

namespace sluice {
namespace {

TEST(CallId, ComesBackAsItWas) {
  EXPECT_EQ(FormatCallId({0, false}), "call-0");
  EXPECT_EQ(FormatCallId({12, true}), "call-12.end");
  for (const uint64_t number : {uint64_t{0}, uint64_t{1}, std::numeric_limits<uint64_t>::max()}) {
    for (const bool end : {false, true}) {
      const CallId id{number, end};
      EXPECT_EQ(ParseCallId(FormatCallId(id)), id);
    }
  }
}

TEST(CallId, IsReadOnlyInItsOneSpelling) {
  for (const char* text :
       {"", "call", "call-", "call-.end", "call-01", "call-x.end", "call-1.END", "call-1.end.end",
        "call--1", "call-+1", "call- 1", "call-1 ", "Call-1", "call-18446744073709551616",
        "call-18446744073709551616.end", "000000000000001f-42.end"}) {
    EXPECT_EQ(ParseCallId(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace sluice
