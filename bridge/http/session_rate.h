// A bound on how many streams may begin in a second, for each key: an address, a subject.
// On average; as many as in ten seconds may come at once.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "bridge/base/clock.h"
#include "bridge/base/mutex.h"

namespace sluice {

// Thread-safe.
class SessionRate {
 public:
  static constexpr absl::Duration kBurst = absl::Seconds(10);

  // 0: no bound. Past `keys_max` those that were not seen for longest are forgotten.
  SessionRate(uint32_t per_second, const Clock& clock, size_t keys_max = 100'000);

  // Nothing: one more may begin. Else after how long the next one may.
  std::optional<absl::Duration> Take(std::string_view key);

  uint32_t per_second() const { return per_second_; }
  size_t keys() const;

 private:
  // A bucket of tokens, told by one moment: when it will be full again. Each that is taken
  // moves it on by what it takes for one to come.
  struct Bucket {
    std::string key;
    absl::Time full_at;
  };
  using Buckets = std::list<Bucket>;

  const uint32_t per_second_;
  const absl::Duration interval_;
  const Clock& clock_;
  const size_t keys_max_;
  mutable Mutex mutex_;
  Buckets buckets_ ABSL_GUARDED_BY(mutex_);  // the one seen last is at the end
  absl::flat_hash_map<absl::string_view, Buckets::iterator> by_key_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice
