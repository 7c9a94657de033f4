// What the bridge counts. Relaxed atomics: any thread adds, any thread reads.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>

#include "bridge/base/reason.h"

namespace sluice {

struct Metrics {
  std::atomic<uint64_t> events_published{0};
  std::atomic<uint64_t> publishes_refused{0};
  std::atomic<uint64_t> subscribers_total{0};
  std::atomic<uint64_t> gaps{0};
  std::atomic<uint64_t> inbox_overflows{0};
  // Of backends: events of sources that were stored, sources' failures, and responses
  // that are no valid event.
  std::atomic<uint64_t> source_events{0};
  std::atomic<uint64_t> source_failures{0};
  std::atomic<uint64_t> responses_skipped{0};
  // What other members of the fleet have taken back.
  std::atomic<uint64_t> revocations_told{0};
  std::array<std::atomic<uint64_t>, kReasonCount> refusals{};
  std::array<std::atomic<uint64_t>, kReasonCount> disconnects{};

  void Refused(Reason reason) { Add(refusals[static_cast<size_t>(reason)]); }
  void Disconnected(Reason reason) { Add(disconnects[static_cast<size_t>(reason)]); }

  static void Add(std::atomic<uint64_t>& counter, uint64_t n = 1) {
    counter.fetch_add(n, std::memory_order_relaxed);
  }
};

}  // namespace sluice
