#include "bridge/http/accept.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

TEST(Accept, LetsEventStreamsThrough) {
  for (const char* accept :
       {"", "  ", "text/event-stream", "TEXT/Event-Stream", "*/*", "text/*", "text/html, */*;q=0.1",
        "text/event-stream;q=0.5", "application/json,text/event-stream ; charset=utf-8",
        "*/*;q=0, text/event-stream", "text/*;q=0.0, text/event-stream;q=0.001"}) {
    EXPECT_TRUE(AcceptsEventStream(accept)) << accept;
  }
}

TEST(Accept, SeesThatItIsExcluded) {
  for (const char* accept :
       {"application/json", "text/html", "text/event", "text/event-stream;q=0",
        "text/event-stream; q=0.000, */*", "*/*;q=0", "text/*;q=0, */*", ","}) {
    EXPECT_FALSE(AcceptsEventStream(accept)) << accept;
  }
}

TEST(Accept, KnowsAnEventSourceByWhatItSends) {
  RequestHead head;
  EXPECT_FALSE(LooksLikeEventSource(head));
  head.fields = {{"accept", "text/event-stream"}};
  EXPECT_FALSE(LooksLikeEventSource(head));
  head.fields.emplace_back("cache-control", "No-Cache");
  EXPECT_TRUE(LooksLikeEventSource(head));
  head.fields[0].second = "*/*";
  EXPECT_FALSE(LooksLikeEventSource(head));
}

}  // namespace
}  // namespace sluice
