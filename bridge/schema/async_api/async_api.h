// The AsyncAPI 3.0 document of the bridge: every route with a channel of its own, the
// events that come there as the route shows them, and the JSON schema of each.
//
// https://www.asyncapi.com/docs/reference/specification/v3.0.0
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/route/route_table.h"
#include "bridge/schema/schema.h"

namespace sluice {

struct AsyncApiInfo {
  std::string title;    // the service's name
  std::string version;  // of the bridge
  std::string host;     // "127.0.0.1:8080"
  bool secure = false;  // HTTPS
  // Where a credential may stand besides the Authorization header.
  std::vector<std::string> credential_query_parameters;
  std::vector<std::string> credential_cookies;
};

// JSON, indented. A message type or method that the schema does not know (yet) is left
// out.
std::string AsyncApiJson(const AsyncApiInfo& info, const RouteTable& routes, const Schema& schema);

}  // namespace sluice
