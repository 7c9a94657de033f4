// Medians of interleaved runs, and whether they are good enough.
#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "bench/fanout/load.h"
#include "bench/figures/bounds.h"

namespace sluice::bench {

inline constexpr char kPaced[] = "one event in flight";
inline constexpr char kFlood[] = "100 events in flight";
inline constexpr char kBurst[] = "100 events in a request";

class Report {
 public:
  void Add(const Load& load, const Broadcaster& broadcaster, const Figures& figures);
  void AddIdle(const Broadcaster& broadcaster, double bytes_per_subscriber);

  // In Markdown.
  void Print() const;
  // Whether every figure is met; says which is not.
  bool Check() const;

 private:
  using Key = std::pair<std::string, std::string>;  // load and server

  // Of the runs' own ratios: what disturbs a run disturbs both servers in it.
  double CpuRatio(const std::string& load) const;
  std::vector<Bound> Bounds() const;

  std::map<Key, std::vector<Figures>> figures_;
  std::map<std::string, std::vector<double>> idle_bytes_;
};

}  // namespace sluice::bench
