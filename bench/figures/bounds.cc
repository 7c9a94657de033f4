#include "bench/figures/bounds.h"

#include <cstdio>
#include <iostream>

#include "absl/strings/str_cat.h"

namespace sluice::bench {
namespace {

bool Met(const Bound& bound) {
  return (!bound.at_least || bound.value >= *bound.at_least) &&
         (!bound.at_most || bound.value <= *bound.at_most);
}

std::string Promise(const Bound& bound) {
  return bound.at_least ? absl::StrCat("at least ", *bound.at_least, " ", bound.unit)
                        : absl::StrCat("at most ", bound.at_most.value_or(0), " ", bound.unit);
}

}  // namespace

void PrintBounds(const std::vector<Bound>& bounds) {
  if (bounds.empty()) return;
  std::puts("\n| figure | median | promised |\n|---|---:|---:|");
  for (const Bound& bound : bounds) {
    std::printf("| %s | %.2f | %s |\n", bound.name.c_str(), bound.value, Promise(bound).c_str());
  }
  std::fflush(stdout);
}

bool CheckBounds(const std::vector<Bound>& bounds) {
  bool met = true;
  for (const Bound& bound : bounds) {
    if (Met(bound)) continue;
    std::cerr << "missed: " << bound.name << " is " << bound.value << ", " << Promise(bound)
              << std::endl;
    met = false;
  }
  return met;
}

}  // namespace sluice::bench
