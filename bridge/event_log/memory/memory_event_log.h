// The event log in memory: gone with the process, and as fast as a lock.
#pragma once

#include <cstdint>
#include <memory>

#include "absl/time/time.h"
#include "bridge/base/clock.h"
#include "bridge/event_log/event_log.h"

namespace sluice {

struct MemoryEventLogOptions {
  uint32_t events_per_topic = 10'000;
  size_t total_bytes = 256 << 20;
  absl::Duration max_age = absl::Hours(24);
  absl::Duration deduplication_window = absl::Minutes(2);
  uint32_t deduplication_ids = 100'000;
  // Topics whose last event is gone are remembered up to this many, so that a
  // client that comes back to one is told of a gap only when there was one.
  uint32_t empty_topics = 100'000;
  Epoch epoch = 0;  // 0: a random one
};

std::unique_ptr<EventLog> MakeMemoryEventLog(MemoryEventLogOptions options, const Clock& clock);

}  // namespace sluice
