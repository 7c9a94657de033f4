// Whether the bridge is one of a fleet, and where that meets.
#pragma once

#include <optional>
#include <string>

#include "bridge/access/standing.h"
#include "bridge/fleet/fleet_options.h"
#include "bridge/server/config/event_logs.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

// None: the bridge is by itself. Files are looked for in `folder`.
std::optional<FleetOptions> BuildFleet(const config::v1::Config& config,
                                       const EventLogOptions& event_log,
                                       const StandingPolicy& standing, const std::string& folder,
                                       Findings* findings);

}  // namespace sluice
