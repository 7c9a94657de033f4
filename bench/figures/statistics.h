// What is said of many measurements.
#pragma once

#include <vector>

namespace sluice::bench {

double Median(std::vector<double> values);
// The value below which `quantile` (0 to 1) of them lie.
double Quantile(std::vector<double> values, double quantile);

}  // namespace sluice::bench
