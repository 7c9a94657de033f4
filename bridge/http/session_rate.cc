#include "bridge/http/session_rate.h"

#include <algorithm>

#include "bridge/base/text.h"

namespace sluice {

SessionRate::SessionRate(uint32_t per_second, const Clock& clock, size_t keys_max)
    : per_second_(per_second),
      interval_(per_second == 0 ? absl::ZeroDuration() : absl::Seconds(1) / per_second),
      clock_(clock),
      keys_max_(keys_max) {}

std::optional<absl::Duration> SessionRate::Take(std::string_view key) {
  if (per_second_ == 0) return std::nullopt;
  const absl::Time now = clock_.Now();
  const MutexLock lock(&mutex_);
  auto found = by_key_.find(AsAbsl(key));
  if (found == by_key_.end()) {
    if (buckets_.size() == keys_max_) {
      by_key_.erase(buckets_.front().key);
      buckets_.pop_front();
    }
    buckets_.push_back({std::string(key), now});
    found = by_key_.emplace(buckets_.back().key, std::prev(buckets_.end())).first;
  } else {
    buckets_.splice(buckets_.end(), buckets_, found->second);
  }
  absl::Time& full_at = found->second->full_at;
  // (No further than an empty one: the clock may have been set back.)
  full_at = std::clamp(full_at, now, now + kBurst);
  const absl::Duration wait = full_at + interval_ - now - kBurst;
  if (wait > absl::ZeroDuration()) return wait;
  full_at += interval_;
  return std::nullopt;
}

size_t SessionRate::keys() const {
  const MutexLock lock(&mutex_);
  return buckets_.size();
}

}  // namespace sluice
