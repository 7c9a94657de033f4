// What it costs to read a topic's ten events among many of other topics.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "bridge/event_log/event_log.h"

namespace sluice::bench {

struct ReplayTimes {
  uint64_t stored;
  double p50_us;
  double p99_us;
};

// Of one log, which is filled to each of the sizes in turn. What it is filled with are ten
// events of each topic, as far from each other as the filling is long.
std::vector<ReplayTimes> MeasureReplays(EventLog& log, const std::vector<uint64_t>& sizes,
                                        int reads);

}  // namespace sluice::bench
