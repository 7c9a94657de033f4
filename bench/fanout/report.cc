#include "bench/fanout/report.h"

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace sluice::bench {
namespace {

constexpr char kBridge[] = "sluice";
constexpr char kBareLoop[] = "bare loop";

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Median(const std::vector<Figures>& runs, double Figures::*figure) {
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

std::vector<Report::Ratio> Report::Ratios() const {
  std::vector<Ratio> ratios;
  // The bare loop sends each event of a burst by itself, too.
  for (const auto& [load, at_most] : {std::pair{kPaced, 1.2}, {kFlood, 1.2}, {kBurst, 0.2}}) {
    if (!figures_.contains({load, kBridge})) continue;
    ratios.push_back(
        {std::string(load) + ": CPU per delivery", CpuRatio(load), at_most, "x the bare loop's"});
  }
  if (const auto idle = idle_bytes_.find(kBridge); idle != idle_bytes_.end()) {
    ratios.push_back({"user memory of an idle subscriber", Median(idle->second) / 1024, 2, "KiB"});
  }
  return ratios;
}

void Report::Print() const {
  if (!figures_.empty()) {
    std::puts("| load | server | CPU per delivery | deliveries/s | latency p50 | p99 |");
    std::puts("|---|---|---:|---:|---:|---:|");
  }
  for (const auto& [key, runs] : figures_) {
    std::printf("| %s | %s | %.3f µs | %.0f | %.2f ms | %.2f ms |\n", key.first.c_str(),
                key.second.c_str(), Median(runs, &Figures::cpu_us_per_delivery),
                Median(runs, &Figures::deliveries_per_second),
                Median(runs, &Figures::latency_ms_p50), Median(runs, &Figures::latency_ms_p99));
  }
  std::puts("\n| figure | median | at most |\n|---|---:|---:|");
  for (const Ratio& ratio : Ratios()) {
    std::printf("| %s | %.2f | %.1f %s |\n", ratio.name.c_str(), ratio.value, ratio.at_most,
                ratio.unit.c_str());
  }
  std::fflush(stdout);
}

bool Report::Check() const {
  bool met = true;
  for (const Ratio& ratio : Ratios()) {
    if (ratio.value <= ratio.at_most) continue;
    std::cerr << "missed: " << ratio.name << " is " << ratio.value << ", at most " << ratio.at_most
              << " " << ratio.unit << std::endl;
    met = false;
  }
  return met;
}

}  // namespace sluice::bench
