// Whether the stream is followed, and since when it is not: for /ready, and for publishes,
// which fail at once when NATS has been away for longer than a moment. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace sluice {

class LogHealth {
 public:
  explicit LogHealth(absl::Duration grace) : grace_(absl::ToChronoNanoseconds(grace)) {}

  void Tell(const absl::Status& status);
  // What it is told first, but that NATS is away: until the time is up.
  absl::Status AwaitFirst(absl::Duration patience);
  // OK while it is followed, and for the grace after that.
  absl::Status Now() const;

 private:
  const std::chrono::nanoseconds grace_;
  mutable std::mutex mutex_;
  std::condition_variable told_;
  absl::Status status_ = absl::UnavailableError("NATS was not reached yet");
  bool opened_ = false;
  std::chrono::steady_clock::time_point away_since_;
};

}  // namespace sluice
