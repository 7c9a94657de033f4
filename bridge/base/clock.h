// Time, so that tests can hold it still.
#pragma once

#include "absl/time/time.h"

namespace sluice {

// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, for timestamps and expiries.
  virtual absl::Time Now() const = 0;

  // The machine's own clock; lives for ever.
  static const Clock& System();
};

}  // namespace sluice
