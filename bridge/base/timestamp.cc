#include "bridge/base/timestamp.h"

namespace sluice {

std::string Timestamp(absl::Time time) {
  return absl::FormatTime("%E4Y-%m-%dT%H:%M:%E3SZ", time, absl::UTCTimeZone());
}

}  // namespace sluice
