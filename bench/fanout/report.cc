#include "bench/fanout/report.h"

#include <cstdio>

#include "bench/figures/statistics.h"

namespace sluice::bench {
namespace {

constexpr char kBridge[] = "sluice";
constexpr char kBareLoop[] = "bare loop";

double MedianOf(const std::vector<Figures>& runs, double Figures::*figure) {
  std::vector<double> values;
  for (const Figures& run : runs) values.push_back(run.*figure);
  return Median(values);
}

}  // namespace

void Report::Add(const Load& load, const Broadcaster& broadcaster, const Figures& figures) {
  figures_[{load.name, std::string(broadcaster.name())}].push_back(figures);
}

void Report::AddIdle(const Broadcaster& broadcaster, double bytes_per_subscriber) {
  idle_bytes_[std::string(broadcaster.name())].push_back(bytes_per_subscriber);
}

double Report::CpuRatio(const std::string& load) const {
  const std::vector<Figures>& bridge = figures_.at({load, kBridge});
  const std::vector<Figures>& bare_loop = figures_.at({load, kBareLoop});
  std::vector<double> ratios;
  for (size_t run = 0; run < bridge.size(); ++run) {
    ratios.push_back(bridge[run].cpu_us_per_delivery / bare_loop[run].cpu_us_per_delivery);
  }
  return Median(std::move(ratios));
}

std::vector<Bound> Report::Bounds() const {
  std::vector<Bound> bounds;
  // The bare loop sends each event of a burst by itself, too.
  for (const auto& [load, at_most] : {std::pair{kPaced, 1.2}, {kFlood, 1.2}, {kBurst, 0.2}}) {
    if (!figures_.contains({load, kBridge})) continue;
    bounds.push_back({.name = std::string(load) + ": CPU per delivery",
                      .value = CpuRatio(load),
                      .at_most = at_most,
                      .unit = "x the bare loop's"});
  }
  if (const auto idle = idle_bytes_.find(kBridge); idle != idle_bytes_.end()) {
    bounds.push_back({.name = "user memory of an idle subscriber",
                      .value = Median(idle->second) / 1024,
                      .at_most = 2,
                      .unit = "KiB"});
  }
  return bounds;
}

void Report::Print() const {
  if (!figures_.empty()) {
    std::puts("| load | server | CPU per delivery | deliveries/s | latency p50 | p99 |");
    std::puts("|---|---|---:|---:|---:|---:|");
  }
  for (const auto& [key, runs] : figures_) {
    std::printf("| %s | %s | %.3f µs | %.0f | %.2f ms | %.2f ms |\n", key.first.c_str(),
                key.second.c_str(), MedianOf(runs, &Figures::cpu_us_per_delivery),
                MedianOf(runs, &Figures::deliveries_per_second),
                MedianOf(runs, &Figures::latency_ms_p50), MedianOf(runs, &Figures::latency_ms_p99));
  }
  PrintBounds(Bounds());
}

bool Report::Check() const { return CheckBounds(Bounds()); }

}  // namespace sluice::bench
