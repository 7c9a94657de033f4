// What the bridge listens to by itself.
#pragma once

#include <vector>

#include "bridge/relay/relay.h"
#include "bridge/server/config/findings.h"
#include "bridge/server/config/known_services.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

// In the order they are written.
std::vector<SourceOptions> BuildSources(const config::v1::Config& config,
                                        const KnownServices& services, Findings* findings);

}  // namespace sluice
