// Who is in a fleet, as one of its members knows it without asking.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"

namespace sluice {

struct FleetState {
  struct Other {
    std::string name;
    std::string id;
    std::string version;
    absl::Duration silent_for;
  };
  std::string name;
  std::string id;
  absl::Status reached;
  std::vector<Other> others;
};

}  // namespace sluice
