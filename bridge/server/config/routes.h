// The configured routes, with what they do not say taken from the defaults.
#pragma once

#include <vector>

#include "bridge/route/route.h"
#include "bridge/server/config/findings.h"
#include "bridge/server/config/known_services.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

// The user's routes and, unless they are off or a user's route has their paths,
// the default ones. Routes with equal heartbeats or frames share one policy or
// view, because streams share frames by them.
std::vector<Route> BuildRoutes(const config::v1::Config& config, const KnownServices& services,
                               Findings* findings);

}  // namespace sluice
