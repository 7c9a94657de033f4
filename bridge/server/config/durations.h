// google.protobuf.Duration, as the reader left it: valid and not negative.
#pragma once

#include "absl/time/time.h"
#include "google/protobuf/duration.pb.h"

namespace sluice {

inline absl::Duration ToAbsl(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

}  // namespace sluice
