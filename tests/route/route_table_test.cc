#include "bridge/route/route_table.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/route/test_routes.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

std::string BuildError(std::vector<Route> routes) {
  const auto table = RouteTable::Build(std::move(routes));
  EXPECT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(table.status().message());
}

TEST(RouteTable, FindsTheMostSpecificRouteWhateverTheOrder) {
  const auto table = RouteTable::Build(
      {RouteAt("/v1/{a}/{b}"), RouteAt("/v1/news/{b}"), RouteAt("/v1/news/today")});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->Match("/v1/x/y")->route->path.text(), "/v1/{a}/{b}");
  EXPECT_EQ(table->Match("/v1/news/y")->route->path.text(), "/v1/news/{b}");
  EXPECT_EQ(table->Match("/v1/news/today")->route->path.text(), "/v1/news/today");
  EXPECT_THAT(table->Match("/v1/news/y%20z")->captures, ElementsAre(Pair("b", "y z")));
}

TEST(RouteTable, TellsAnUnknownPathFromAnImpossibleOne) {
  const auto table = RouteTable::Build({RouteAt("/v1/{a}")});
  EXPECT_EQ(table->Match("/v2/x").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(table->Match("/").status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(table->Match("/v1/%2e%2e").status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(table->Match("/v1/").status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(RouteTable, FindsNothingForACapturesOtherValues) {
  Route typed = RouteAt("/v1/{type}/{id}", {"{type}/{id}"});
  typed.capture_values["type"] = {"conversation", "user"};
  const auto table = RouteTable::Build({std::move(typed)});
  EXPECT_TRUE(table->Match("/v1/user/1").ok());
  EXPECT_TRUE(table->Match("/v1/us%65r/1").ok());
  EXPECT_EQ(table->Match("/v1/team/1").status().code(), absl::StatusCode::kNotFound);
}

TEST(RouteTable, DoesNotFallBackToARouteThatAsksForLess) {
  Route strict = RouteAt("/v1/secret/{id}", {"secret/{id}"});
  strict.capture_values["id"] = {"1"};
  const auto table =
      RouteTable::Build({RouteAt("/v1/{type}/{id}", {"{type}/{id}"}), std::move(strict)});
  EXPECT_EQ(table->Match("/v1/secret/2").status().code(), absl::StatusCode::kNotFound);
}

TEST(RouteTable, RefusesTwoRoutesForTheSamePaths) {
  EXPECT_THAT(BuildError({RouteAt("/a/{x}"), RouteAt("/b"), RouteAt("/a/{y}")}),
              HasSubstr("same paths as '/a/{x}'"));
}

TEST(RouteTable, RefusesTemplatesThatCannotBeFilled) {
  EXPECT_THAT(BuildError({RouteAt("/a/{x}", {"t/{y}"})}), HasSubstr("names {y}"));
  EXPECT_THAT(BuildError({RouteAt("/a", {"t/{"})}), HasSubstr("route '/a'"));
  EXPECT_THAT(BuildError({RouteAt("/a", {"t//x"})}), HasSubstr("topic 't//x'"));
  Route filtered = RouteAt("/a", {"t"});
  filtered.filter = {{"key", "{missing}"}};
  EXPECT_THAT(BuildError({filtered}), HasSubstr("names {missing}"));
  Route valued = RouteAt("/a", {"t"});
  valued.capture_values["type"] = {"x"};
  EXPECT_THAT(BuildError({valued}), HasSubstr("values for {type}"));
}

TEST(RouteTable, RefusesASubjectOnAPublicRoute) {
  Route open = RouteAt("/me", {"user/{subject}"});
  open.is_public = true;
  EXPECT_THAT(BuildError({open}), HasSubstr("has no {subject}"));
}

}  // namespace
}  // namespace sluice
