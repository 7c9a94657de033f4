// The figures that a benchmark promises: ratios of what was measured in one run, so that they
// hold on any machine, and a busy one too.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sluice::bench {

struct Bound {
  std::string name;
  double value = 0;
  std::optional<double> at_least;
  std::optional<double> at_most;
  std::string unit;
};

// In Markdown.
void PrintBounds(const std::vector<Bound>& bounds);
// Whether every one is met; says which is not.
bool CheckBounds(const std::vector<Bound>& bounds);

}  // namespace sluice::bench
