#include "bridge/http/refusal.h"

#include "bridge/http/problem.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::Pair;

const Refusal kAway{.reason = Reason::kAuthorizerAway, .status = 503, .detail = "away"};

TEST(Problem, IsWhatTheSpecificationSays) {
  EXPECT_EQ(ProblemJson(404, "nothing here"),
            "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
            "\"detail\":\"nothing here\"}\n");
  EXPECT_THAT(ProblemJson(403, "no", {"a/1", "b\"/2"}),
              HasSubstr("\"denied_topics\":[\"a/1\",\"b\\\"/2\"]"));
}

TEST(Problem, IsValidJsonWhateverItRepeats) {
  EXPECT_EQ(ProblemJson(400, "\xff\n\"\\"),
            "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
            "\"detail\":\"\xef\xbf\xbd\\n\\\"\\\\\"}\n");
}

TEST(Refusal, IsAProblem) {
  const Response response =
      ToResponse({.reason = Reason::kNotFound, .status = 404, .detail = "x"}, {});
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.fields, Contains(Pair("Content-Type", "application/problem+json")));
  EXPECT_THAT(response.fields, Not(Contains(Pair("Retry-After", ::testing::_))));
  EXPECT_FALSE(response.close);
}

TEST(Refusal, SaysHowToAuthenticate) {
  const Response response =
      ToResponse({.reason = Reason::kUnauthenticated, .status = 401, .detail = "x"}, {});
  EXPECT_THAT(response.fields, Contains(Pair("WWW-Authenticate", "Bearer")));
}

TEST(Refusal, TellsAnEventSourceWhenToComeBack) {
  const Response response = ToResponse(kAway, {.from_event_source = true});
  EXPECT_EQ(response.status, 200);
  EXPECT_TRUE(response.close);
  EXPECT_THAT(response.fields, Contains(Pair("Content-Type", "text/event-stream")));
  EXPECT_THAT(response.body, MatchesRegex("retry: [1-5][0-9][0-9][0-9]\n\n"));
}

TEST(Refusal, TellsOthersByStatus) {
  const Response response = ToResponse(kAway, {});
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.fields, Contains(Pair("Retry-After", MatchesRegex("[1-5]"))));
}

TEST(Refusal, TakesTheRoutesStyle) {
  EXPECT_EQ(ToResponse(kAway, {.style = RefusalStyle::kStream}).status, 200);
  EXPECT_EQ(ToResponse(kAway, {.style = RefusalStyle::kStatus, .from_event_source = true}).status,
            503);
}

TEST(Refusal, IsAStatusToAnEventSourceWhenComingBackIsNoUse) {
  EXPECT_EQ(ToResponse({.reason = Reason::kForbidden, .status = 403, .detail = "x"},
                       {.style = RefusalStyle::kStream, .from_event_source = true})
                .status,
            403);
}

TEST(Refusal, SpreadsRetriesOut) {
  const std::string first = ToResponse(kAway, {.from_event_source = true}).body;
  bool differs = false;
  for (int i = 0; i < 50; ++i) {
    differs |= ToResponse(kAway, {.from_event_source = true}).body != first;
  }
  EXPECT_TRUE(differs);
}

TEST(Refusal, SaysTheMomentFromWhichOnItWillBeGrantedAsItIs) {
  const Refusal refusal{.reason = Reason::kTooFast,
                        .status = 429,
                        .detail = "x",
                        .retry_after = absl::Milliseconds(7001)};
  EXPECT_THAT(ToResponse(refusal, {}).fields, Contains(Pair("Retry-After", "8")));
  EXPECT_THAT(ToResponse(refusal, {.from_event_source = true}).body,
              MatchesRegex("retry: (8|9|10|11|12)[0-9][0-9][0-9]\n\n"));
}

}  // namespace
}  // namespace sluice
