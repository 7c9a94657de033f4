// What it costs to read a topic's ten events among many of other topics.
#pragma once

#include <cstdint>
#include <filesystem>

#include "bench/event_log/logs.h"

namespace sluice::bench {

struct ReplayTimes {
  double p50_us;
  double p99_us;
};

// Of a log that holds `stored` events, ten of each topic, one topic after the other mixed.
ReplayTimes MeasureReplays(const LogKind& kind, uint64_t stored, int reads,
                           const std::filesystem::path& folder);

}  // namespace sluice::bench
