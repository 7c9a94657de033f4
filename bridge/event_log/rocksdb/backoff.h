// When something that failed is tried again: each time after twice as long, up to a bound.
#pragma once

#include <algorithm>
#include <chrono>

#include "absl/time/time.h"

namespace sluice::rocksdb_log {

class Backoff {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  Backoff(absl::Duration least, absl::Duration longest)
      : min_(absl::ToChronoNanoseconds(least)), max_(absl::ToChronoNanoseconds(longest)) {}

  void Failed(SteadyTime now) {
    after_ = std::clamp(2 * after_, min_, max_);
    at_ = now + after_;
  }
  void Succeeded() {
    after_ = {};
    at_ = {};
  }
  // The moment of the next attempt.
  SteadyTime at() const { return at_; }

 private:
  const std::chrono::nanoseconds min_;
  const std::chrono::nanoseconds max_;
  std::chrono::nanoseconds after_{};
  SteadyTime at_{};
};

}  // namespace sluice::rocksdb_log
