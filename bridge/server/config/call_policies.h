// What routes call.
#pragma once

#include <optional>
#include <string>

#include "bridge/route/call_policy.h"
#include "bridge/route/path_template.h"
#include "bridge/server/config/findings.h"
#include "bridge/server/config/known_services.h"

namespace sluice::config::v1 {
class Route;
}

namespace sluice {

// Nothing: the route has no `call`. `path` is where the route was written.
std::optional<CallPolicy> BuildCallPolicy(const config::v1::Route& route,
                                          const PathTemplate& template_path,
                                          const std::string& path, const KnownServices& services,
                                          Findings* findings);

}  // namespace sluice
