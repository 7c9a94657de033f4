// What it costs that bridges share a log: the latency from publisher to subscriber across two
// of them, against the same without bridges, in interleaved runs; and what the events of a
// stream cost bridges that nobody reads them at.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/str_cat.h"
#include "bench/cluster/latencies.h"
#include "bench/cluster/path.h"
#include "bench/cluster/tail_costs.h"
#include "bench/figures/bounds.h"
#include "bench/figures/statistics.h"

ABSL_FLAG(int, runs, 7, "interleaved runs, of which the medians are reported");
ABSL_FLAG(uint32_t, events, 500, "published in each run, one after the other");
ABSL_FLAG(uint32_t, pace, 1000, "events in a second, whose cost is measured");
ABSL_FLAG(uint32_t, seconds, 5, "how long they come; 0: leave it out");
ABSL_FLAG(bool, check, false, "exit with 1 when a figure is missed");
ABSL_FLAG(std::string, bridge, "", "the bridge's program; empty: sluice, in this program's folder");
ABSL_FLAG(std::string, folder, ".", "where the servers' disk is");

namespace sluice::bench {
namespace {

constexpr uint32_t kWarmUp = 100;

struct Measured {
  std::vector<double> p50;
  std::vector<double> p99;
};

// Of each run, so that what disturbs one path disturbs all.
double MedianRatio(const std::vector<double>& of, const std::vector<double>& to) {
  std::vector<double> ratios;
  for (size_t run = 0; run < of.size(); ++run) ratios.push_back(of[run] / to[run]);
  return Median(ratios);
}

void CompareLatencies(const std::string& program, const NatsServers& servers,
                      std::vector<Bound>& bounds) {
  std::vector<std::unique_ptr<Path>> paths;
  paths.push_back(BareNats(servers));
  paths.push_back(BareJetStream(servers));
  paths.push_back(TwoBridges(program, servers));
  paths.push_back(OneBridge(program));
  for (const auto& path : paths) MeasureLatencies(*path, kWarmUp);
  std::vector<Measured> measured(paths.size());
  for (int run = 0; run < absl::GetFlag(FLAGS_runs); ++run) {
    for (size_t path = 0; path < paths.size(); ++path) {
      const std::vector<double> latencies =
          MeasureLatencies(*paths[path], absl::GetFlag(FLAGS_events));
      measured[path].p50.push_back(Quantile(latencies, 0.5));
      measured[path].p99.push_back(Quantile(latencies, 0.99));
    }
  }
  const Measured& plain = measured[0];
  const Measured& stream = measured[1];
  const Measured& bridges = measured[2];
  for (size_t path = 0; path < paths.size(); ++path) {
    const Measured& of = measured[path];
    std::printf("| %s | %d | %.3f ms | %.3f ms | %.1f | %.1f |\n", paths[path]->name().c_str(),
                servers.count(), Median(of.p50), Median(of.p99), MedianRatio(of.p50, plain.p50),
                MedianRatio(of.p50, stream.p50));
  }
  std::fflush(stdout);
  const std::string name = absl::StrCat("two bridges, replicas: ", servers.count());
  bounds.push_back({.name = absl::StrCat(name, ": latency p50"),
                    .value = MedianRatio(bridges.p50, plain.p50),
                    .at_most = 20,
                    .unit = "x bare NATS's"});
  bounds.push_back({.name = absl::StrCat(name, ": latency p50"),
                    .value = MedianRatio(bridges.p50, stream.p50),
                    .at_most = 10,
                    .unit = "x bare JetStream's"});
}

void PrintTailCosts(const TailCosts& costs) {
  std::printf("\n| CPU time for each event, of %u in a second | |\n|---|---:|\n",
              absl::GetFlag(FLAGS_pace));
  const auto row = [](const char* who, double cost) {
    std::printf("| %s | %.1f µs |\n", who, cost);
  };
  row("the bridge that is published to", costs.publishing);
  row("a bridge that has readers of every topic", costs.reading);
  row("a bridge that has a reader, of another topic", costs.elsewhere);
  row("a bridge that has no reader", costs.idle);
  row("nats-server", costs.servers);
  std::fflush(stdout);
}

int Main() {
  if (!NatsServers::Installed()) {
    std::fputs("cluster_bench: nats-server is not installed: nothing is measured\n", stderr);
    return EXIT_SUCCESS;
  }
  std::string program = absl::GetFlag(FLAGS_bridge);
  if (program.empty()) {
    program = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "sluice";
  }
  const std::filesystem::path folder =
      std::filesystem::absolute(absl::GetFlag(FLAGS_folder)) / "cluster_bench.d";
  std::vector<Bound> bounds;
  std::puts("| latency | servers | p50 | p99 | p50 of bare NATS | of bare JetStream |");
  std::puts("|---|---:|---:|---:|---:|---:|");
  for (const int count : {1, 3}) {
    CompareLatencies(program, NatsServers(count, folder), bounds);
  }
  if (absl::GetFlag(FLAGS_seconds) > 0) {
    const NatsServers servers(1, folder);
    const TailCosts costs =
        MeasureTailCosts(program, servers, absl::GetFlag(FLAGS_pace), absl::GetFlag(FLAGS_seconds));
    PrintTailCosts(costs);
    // It must not even decode them.
    bounds.push_back({.name = "CPU time for an event of a topic that is not read here",
                      .value = costs.elsewhere / costs.reading,
                      .at_most = 0.8,
                      .unit = "x that of one that is"});
  }
  PrintBounds(bounds);
  return CheckBounds(bounds) || !absl::GetFlag(FLAGS_check) ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return sluice::bench::Main();
}
