// What a topic costs that holds one event.
#pragma once

#include <cstdint>
#include <filesystem>

#include "bench/event_log/logs.h"

namespace sluice::bench {

struct TopicCosts {
  double bridge_bytes;  // memory of the process that the log is in
  double server_bytes;  // of the servers that keep it, all together
  double disk_bytes;
};

// Of so many topics, in a process of its own, so that no memory is counted that others gave
// back. To be called before this process has threads.
TopicCosts MeasureTopicCosts(const LogKind& kind, uint64_t topics,
                             const std::filesystem::path& folder);

}  // namespace sluice::bench
