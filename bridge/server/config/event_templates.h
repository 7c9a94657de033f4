// Events that the bridge itself sends.
#pragma once

#include <string>

#include "bridge/route/call_policy.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class EventTemplate;
}

namespace sluice {

// `shape` is what the template does not say itself.
EventTemplate BuildTemplate(const config::v1::EventTemplate& config, EventTemplate shape,
                            const std::string& path, Findings* findings);

}  // namespace sluice
