// How much one client may take over HTTP, and who says which client it is.
#pragma once

#include "bridge/http/http_server.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

void SetClientLimits(const config::v1::Config& config, HttpOptions* options, Findings* findings);

}  // namespace sluice
