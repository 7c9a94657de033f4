// How long to wait before a backend is called again: twice as long each time, and
// jittered, so that bridges that lost the same backend do not come back as one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>

#include "absl/time/time.h"

namespace sluice {

class Backoff {
 public:
  Backoff(absl::Duration min, absl::Duration max, uint64_t seed)
      : min_(std::min(min, max)), max_(max), pause_(min_), random_(seed) {}

  // Between half of the pause and all of it; the next pause is twice as long.
  absl::Duration Next() {
    const absl::Duration pause = pause_;
    pause_ = std::min(pause_ * 2, max_);
    return pause * std::uniform_real_distribution<double>(0.5, 1.0)(random_);
  }
  // Begins at the shortest pause again.
  void Reset() { pause_ = min_; }

 private:
  const absl::Duration min_;
  const absl::Duration max_;
  absl::Duration pause_;
  std::mt19937_64 random_;
};

}  // namespace sluice
