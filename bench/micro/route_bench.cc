// What it costs to find out what a request asks for: once per stream.
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "bridge/route/request_target.h"
#include "bridge/route/route.h"
#include "bridge/route/route_table.h"

namespace sluice {
namespace {

Route RouteAt(std::string_view path, std::string topic) {
  Route route{*PathTemplate::Parse(path)};
  route.topics = {std::move(topic)};
  return route;
}

// `count` routes, of which the last one tried is the default route.
RouteTable TableOf(int count) {
  std::vector<Route> routes;
  for (int i = 1; i < count; ++i) {
    routes.push_back(
        RouteAt(absl::StrCat("/api/service-", i, "/{session_id}/{message_id}"), "{session_id}"));
  }
  routes.push_back(RouteAt("/{version}/{channel_type}/{resource_id}/{part}", "{channel_type}"));
  return *RouteTable::Build(std::move(routes));
}

void BM_MatchLastRoute(benchmark::State& state) {
  const RouteTable table = TableOf(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(table.Match("/v1/conversation/42-a-resource-id/tokens"));
  }
}
BENCHMARK(BM_MatchLastRoute)->Arg(2)->Arg(200);

void BM_MatchNoRoute(benchmark::State& state) {
  const RouteTable table = TableOf(static_cast<int>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(table.Match("/favicon.ico"));
}
BENCHMARK(BM_MatchNoRoute)->Arg(2)->Arg(200);

void ParseTarget(benchmark::State& state, std::string_view text) {
  for (auto _ : state) benchmark::DoNotOptimize(RequestTarget::Parse(text));
}
BENCHMARK_CAPTURE(ParseTarget, path, "/v1/conversation/42");
BENCHMARK_CAPTURE(ParseTarget, query,
                  "/v1/events?topic=conversation%2F42&topic=presence%2F42&token=0123456789abcdef");

void BM_TopicsOfRequest(benchmark::State& state) {
  const RouteTable table = TableOf(2);
  const RequestTarget target =
      *RequestTarget::Parse("/v1/conversation/42-a-resource-id/tokens?lastEventId=1");
  const RouteMatch match = *table.Match(target.path());
  for (auto _ : state) benchmark::DoNotOptimize(TopicsOf(match, target));
}
BENCHMARK(BM_TopicsOfRequest);

}  // namespace
}  // namespace sluice
