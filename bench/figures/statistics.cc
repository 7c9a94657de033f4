#include "bench/figures/statistics.h"

#include <algorithm>
#include <cstddef>

namespace sluice::bench {

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t middle = values.size() / 2;
  return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

double Quantile(std::vector<double> values, double quantile) {
  const auto at =
      values.begin() + static_cast<ptrdiff_t>(quantile * static_cast<double>(values.size()));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

}  // namespace sluice::bench
