// The AsyncAPI 3.0 document of the bridge: every route, its channel, the events
// that come there and the JSON schema of each.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "bridge/route/route_table.h"
#include "bridge/schema/schema.h"

namespace sluice {

struct AsyncApiInfo {
  std::string title;    // the service's name
  std::string version;  // of the bridge
  std::string host;     // "127.0.0.1:8080"
};

// JSON. INVALID_ARGUMENT: a route names a message type that is not known.
absl::StatusOr<std::string> AsyncApiJson(const AsyncApiInfo& info, const RouteTable& routes,
                                         const Schema& schema);
// The same document as YAML 1.2.
absl::StatusOr<std::string> AsyncApiYaml(const AsyncApiInfo& info, const RouteTable& routes,
                                         const Schema& schema);

}  // namespace sluice
