// The services that the bridge calls.
#pragma once

#include <vector>

#include "bridge/relay/relay.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

// Sorted by name.
std::vector<BackendOptions> BuildBackends(const config::v1::Config& config, Findings* findings);

}  // namespace sluice
