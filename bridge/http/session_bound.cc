#include "bridge/http/session_bound.h"

#include "absl/container/flat_hash_map.h"
#include "bridge/base/mutex.h"
#include "bridge/base/text.h"

namespace sluice {

struct SessionBound::Counts {
  Mutex mutex;
  absl::flat_hash_map<std::string, uint32_t> by_key ABSL_GUARDED_BY(mutex);
};

SessionBound::SessionBound(uint32_t limit) : limit_(limit), counts_(std::make_shared<Counts>()) {}

std::optional<SessionBound::Lease> SessionBound::Take(std::string_view key) {
  if (limit_ == 0) return Lease();
  const MutexLock lock(&counts_->mutex);
  uint32_t& count = counts_->by_key[AsAbsl(key)];
  if (count >= limit_) return std::nullopt;
  ++count;
  return Lease(counts_, key);
}

uint32_t SessionBound::taken(std::string_view key) const {
  const MutexLock lock(&counts_->mutex);
  const auto count = counts_->by_key.find(AsAbsl(key));
  return count == counts_->by_key.end() ? 0 : count->second;
}

SessionBound::Lease& SessionBound::Lease::operator=(Lease&& other) noexcept {
  std::swap(counts_, other.counts_);
  std::swap(key_, other.key_);
  return *this;
}

SessionBound::Lease::~Lease() {
  if (!counts_) return;
  const MutexLock lock(&counts_->mutex);
  const auto count = counts_->by_key.find(key_);
  if (--count->second == 0) counts_->by_key.erase(count);
}

}  // namespace sluice
