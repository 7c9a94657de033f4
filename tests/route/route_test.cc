#include "bridge/route/route.h"

#include "bridge/event/topic.h"
#include "bridge/route/route_table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/route/test_routes.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

// The topics that `target` asks for of a table with one route.
absl::StatusOr<std::vector<std::string>> Topics(Route route, std::string_view target) {
  const auto table = RouteTable::Build({std::move(route)});
  if (!table.ok()) return table.status();
  const auto parsed = RequestTarget::Parse(target);
  if (!parsed.ok()) return parsed.status();
  const auto match = table->Match(parsed->path());
  if (!match.ok()) return match.status();
  return TopicsOf(*match, *parsed);
}

absl::StatusOr<Attributes> Filter(Route route, std::string_view target) {
  const auto table = RouteTable::Build({std::move(route)});
  const auto parsed = RequestTarget::Parse(target);
  return FilterOf(*table->Match(parsed->path()), *parsed);
}

TEST(TopicsOf, FillsCapturesAndQueryParameters) {
  EXPECT_THAT(*Topics(RouteAt("/v1/{type}/{id}", {"{type}/{id}"}), "/v1/conversation/42"),
              ElementsAre("conversation/42"));
  EXPECT_THAT(*Topics(RouteAt("/s/{id}", {"s/{id}", "room-{query.room}/all"}), "/s/1?room=a%20b"),
              ElementsAre("s/1", "room-a b/all"));
  EXPECT_THAT(*Topics(RouteAt("/all", {"broadcast"}), "/all"), ElementsAre("broadcast"));
}

TEST(TopicsOf, LeavesTheSubjectForTheAuthorizersAnswer) {
  EXPECT_THAT(*Topics(RouteAt("/me", {"user/{subject}"}), "/me"), ElementsAre("user/{subject}"));
}

TEST(TopicsOf, TakesTheTopicParametersWhereTheRouteNamesNone) {
  EXPECT_THAT(*Topics(RouteAt("/v1/events"), "/v1/events?topic=a%2F1&topic=b/2"),
              ElementsAre("a/1", "b/2"));
  EXPECT_THAT(std::string(Topics(RouteAt("/v1/events"), "/v1/events").status().message()),
              HasSubstr("'topic' is required"));
}

TEST(TopicsOf, FoldsDuplicates) {
  EXPECT_THAT(*Topics(RouteAt("/e"), "/e?topic=a&topic=b&topic=a"), ElementsAre("a", "b"));
  EXPECT_THAT(*Topics(RouteAt("/{x}/{y}", {"t/{x}", "t/{y}"}), "/1/1"), ElementsAre("t/1"));
}

TEST(TopicsOf, NeverLetsAValueAddSegmentsOrBreakATopic) {
  const Route by_capture = RouteAt("/s/{id}", {"s/{id}"});
  const Route by_query = RouteAt("/q", {"s/{query.id}"});
  const std::string long_value(kTopicBytesMax, 'a');
  for (const std::string& value :
       {std::string("a%2Fb"), std::string("a%2fb"), std::string("%2e%2e"), std::string(".."),
        std::string("."), std::string(""), std::string("%00"), std::string("a%0Ab"),
        std::string("%c0%af"), std::string("%zz"), std::string("%C2%85"), long_value}) {
    EXPECT_EQ(Topics(by_capture, "/s/" + value).status().code(), absl::StatusCode::kInvalidArgument)
        << value;
    EXPECT_EQ(Topics(by_query, "/q?id=" + value).status().code(),
              absl::StatusCode::kInvalidArgument)
        << value;
    EXPECT_EQ(Topics(RouteAt("/e"), "/e?topic=s/" + value).status().code(),
              value == "a%2Fb" || value == "a%2fb" ? absl::StatusCode::kOk
                                                   : absl::StatusCode::kInvalidArgument)
        << value;
  }
  EXPECT_FALSE(Topics(by_query, "/q?id=a/b").ok());
  EXPECT_FALSE(Topics(RouteAt("/e"), "/e?topic=1/2/3/4/5/6/7/8/9").ok());
}

TEST(TopicsOf, RefusesASmuggledSubject) {
  EXPECT_FALSE(Topics(RouteAt("/s/{id}", {"s/{id}"}), "/s/%7Bsubject%7D").ok());
  EXPECT_FALSE(Topics(RouteAt("/s/{id}", {"s/{id}"}), "/s/a-%7Bsubject%7D-b").ok());
  EXPECT_FALSE(Topics(RouteAt("/{a}/{b}", {"s/{a}{b}"}), "/%7Bsub/ject%7D").ok());
  EXPECT_FALSE(Topics(RouteAt("/q", {"{query.a}"}), "/q?a={subject}").ok());
  EXPECT_FALSE(Topics(RouteAt("/e"), "/e?topic=user/{subject}").ok());
  EXPECT_THAT(*Topics(RouteAt("/s/{id}", {"s/{id}"}), "/s/%7Bguid%7D"), ElementsAre("s/{guid}"));
}

TEST(TopicsOf, NamesTheMissingParameter) {
  EXPECT_THAT(std::string(Topics(RouteAt("/q", {"s/{query.id}"}), "/q").status().message()),
              HasSubstr("'id' is required"));
}

TEST(FilterOf, FillsValuesAndSortsByKey) {
  Route route = RouteAt("/s/{id}/{message}", {"s/{id}"});
  route.filter = {{"message", "{message}"}, {"kind", "token"}, {"who", "{subject}"}};
  EXPECT_THAT(*Filter(route, "/s/1/m2"),
              ElementsAre(Pair("kind", "token"), Pair("message", "m2"), Pair("who", "{subject}")));
}

TEST(FilterOf, RefusesASmuggledSubjectAndAMissingParameter) {
  Route route = RouteAt("/s/{id}", {"s/{id}"});
  route.filter = {{"who", "{query.who}"}};
  EXPECT_THAT(*Filter(route, "/s/1?who=a/b"), ElementsAre(Pair("who", "a/b")));
  EXPECT_FALSE(Filter(route, "/s/1?who={subject}").ok());
  EXPECT_FALSE(Filter(route, "/s/1").ok());
}

TEST(FilterOf, IsEmptyWithoutAFilter) {
  EXPECT_THAT(*Filter(RouteAt("/s/{id}", {"s/{id}"}), "/s/1"), IsEmpty());
}

TEST(StreamStart, TakesTheThreeForms) {
  EXPECT_EQ(ParseStreamStart("latest")->kind, StreamStart::Kind::kLatest);
  EXPECT_EQ(ParseStreamStart("earliest")->kind, StreamStart::Kind::kEarliest);
  const auto last = ParseStreamStart("last 20");
  EXPECT_EQ(last->kind, StreamStart::Kind::kLast);
  EXPECT_EQ(last->last, 20u);
}

TEST(StreamStart, RefusesEverythingElse) {
  for (const char* text : {"", "Latest", "last", "last ", "last 0", "last -1", "last +1", "last 1 ",
                           "last  1", "last x", "last 99999999999", "first"}) {
    EXPECT_EQ(ParseStreamStart(text).status().code(), absl::StatusCode::kInvalidArgument) << text;
  }
}

}  // namespace
}  // namespace sluice
