// The services that the bridge calls.
#pragma once

#include <string>
#include <vector>

#include "bridge/relay/relay.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

// Sorted by name. Files are relative to `folder`.
std::vector<BackendOptions> BuildBackends(const config::v1::Config& config,
                                          const std::string& folder, Findings* findings);

}  // namespace sluice
