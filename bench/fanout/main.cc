// What a delivery costs: the bridge against the bare loop, on real sockets, in
// interleaved runs. The servers share one core; this process, which publishes
// and subscribes, has another.
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <iostream>
#include <thread>
#include <utility>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/flags/usage.h"
#include "bench/fanout/broadcaster.h"
#include "bench/fanout/load.h"
#include "bench/fanout/report.h"
#include "bench/fanout/subscribers.h"
#include "bench/process/fail.h"

ABSL_FLAG(uint32_t, runs, 7, "interleaved runs, of which the medians are reported");
ABSL_FLAG(uint32_t, subscribers, 1000, "who receives every event; 0: leave the loads out");
ABSL_FLAG(uint32_t, idle, 10'000, "subscribers whose memory is measured; 0: leave it out");
ABSL_FLAG(bool, check, false, "exit with 1 when a figure is missed");
ABSL_FLAG(std::string, bridge, "", "the bridge's program; empty: sluice, in this program's folder");

namespace sluice::bench {
namespace {

constexpr int kServerCore = 0;
constexpr int kLoadCore = 1;
constexpr auto kSettle = std::chrono::milliseconds(500);

using Start = std::function<std::unique_ptr<Broadcaster>()>;

// A server with its subscribers.
struct Scene {
  explicit Scene(const Start& start)
      : broadcaster(start()), subscribers(broadcaster->port(), absl::GetFlag(FLAGS_subscribers)) {}
  std::unique_ptr<Broadcaster> broadcaster;
  Subscribers subscribers;
};

std::vector<Load> Loads() {
  return {{kPaced, 300, 1, 1}, {kFlood, 300, 1, 100}, {kBurst, 3, 100, 1}};
}

// Every load on each server in turn, so that both see the same machine.
void RunLoads(const Start& bare_loop, const Start& bridge, bool bridge_first, Report& report) {
  const Load warm_up{"", 20, 5, 2};
  Scene scenes[] = {Scene(bridge_first ? bridge : bare_loop),
                    Scene(bridge_first ? bare_loop : bridge)};
  for (Scene& scene : scenes) Run(warm_up, *scene.broadcaster, scene.subscribers);
  for (const Load& load : Loads()) {
    for (Scene& scene : scenes) {
      const Figures figures = Run(load, *scene.broadcaster, scene.subscribers);
      std::fprintf(stderr, "%-24s %-10s %.3f us\n", load.name.c_str(),
                   std::string(scene.broadcaster->name()).c_str(), figures.cpu_us_per_delivery);
      report.Add(load, *scene.broadcaster, figures);
    }
  }
}

void MeasureIdle(const Start& start, Report& report) {
  const std::unique_ptr<Broadcaster> broadcaster = start();
  const ServerProcess& process = broadcaster->process();
  const int64_t before = process.AnonymousBytes();
  const Subscribers subscribers(broadcaster->port(), absl::GetFlag(FLAGS_idle));
  std::this_thread::sleep_for(kSettle);
  const double bytes = static_cast<double>(process.AnonymousBytes() - before) / subscribers.count();
  std::fprintf(stderr, "%-24s %-10s %.0f B\n", "idle subscriber",
               std::string(broadcaster->name()).c_str(), bytes);
  report.AddIdle(*broadcaster, bytes);
}

int Main() {
  PinToCore(kLoadCore);
  const std::filesystem::path folder =
      std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::string program = absl::GetFlag(FLAGS_bridge);
  if (program.empty()) program = folder / "sluice";
  const Start bridge = [&] { return StartBridge(program, kServerCore); };
  const Start bare_loop = [&] { return StartBareLoop(folder / "bare_loop", kServerCore); };

  Report report;
  for (uint32_t run = 0; run < absl::GetFlag(FLAGS_runs); ++run) {
    if (absl::GetFlag(FLAGS_subscribers) > 0) RunLoads(bare_loop, bridge, run % 2 == 1, report);
    if (absl::GetFlag(FLAGS_idle) > 0) {
      MeasureIdle(bare_loop, report);
      MeasureIdle(bridge, report);
    }
  }
  report.Print();
  return report.Check() || !absl::GetFlag(FLAGS_check) ? 0 : 1;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  absl::SetProgramUsageMessage("measures what a delivery costs the bridge, against a bare loop");
  absl::ParseCommandLine(argc, argv);
  return sluice::bench::Main();
}
