// A clock that moves only when told to. Thread-safe.
#pragma once

#include <atomic>

#include "bridge/base/clock.h"

namespace sluice {

class FakeClock final : public Clock {
 public:
  absl::Time Now() const override { return absl::FromUnixNanos(unix_nanos_.load()); }
  void Advance(absl::Duration by) { unix_nanos_ += absl::ToInt64Nanoseconds(by); }

 private:
  std::atomic<int64_t> unix_nanos_{1'700'000'000'000'000'000};
};

}  // namespace sluice
