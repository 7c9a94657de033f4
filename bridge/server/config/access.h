// How long what an authorizer has allowed stays true.
#pragma once

#include "bridge/access/standing.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

StandingPolicy BuildStandingPolicy(const config::v1::Config& config, Findings* findings);

}  // namespace sluice
