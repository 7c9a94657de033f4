// How many lines of a kind are logged in a second, where strangers can cause as many as
// they like.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "bridge/base/mutex.h"

namespace sluice {

// Thread-safe.
class LogBudget {
 public:
  explicit LogBudget(uint32_t lines_per_second) : lines_per_second_(lines_per_second) {}

  // How many lines were left out since the last one; none: this one is left out, too.
  std::optional<uint64_t> Take(absl::Time now) {
    const MutexLock lock(&mutex_);
    if (now >= next_second_) {
      next_second_ = now + absl::Seconds(1);
      left_ = lines_per_second_;
    }
    if (left_ == 0) {
      ++left_out_;
      return std::nullopt;
    }
    --left_;
    return std::exchange(left_out_, 0);
  }

 private:
  const uint32_t lines_per_second_;
  Mutex mutex_;
  absl::Time next_second_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  uint32_t left_ ABSL_GUARDED_BY(mutex_) = 0;
  uint64_t left_out_ ABSL_GUARDED_BY(mutex_) = 0;
};

}  // namespace sluice
