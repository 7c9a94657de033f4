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
  // The stream is not what it was opened as: something that is promised of it does not hold, though
  // everything goes on. OK: it is.
  void Contradict(const absl::Status& why);
  // What it is told first, but that NATS is away: until the time is up.
  absl::Status AwaitFirst(absl::Duration patience);
  // Whether publishes go on: OK while it is followed, and for the grace after that.
  absl::Status Now() const;
  // The same, or how the stream is not what it should be.
  absl::Status Told() const;

 private:
  const std::chrono::nanoseconds grace_;
  mutable std::mutex mutex_;
  std::condition_variable told_;
  absl::Status status_ = absl::UnavailableError("NATS was not reached yet");
  absl::Status contradiction_;
  bool opened_ = false;
  std::chrono::steady_clock::time_point away_since_;
};

}  // namespace sluice
