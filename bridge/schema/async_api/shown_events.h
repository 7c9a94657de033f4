// The events of a route as its clients see them: names and data after the route's
// frame rules, with the bridge's own events.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "bridge/route/route.h"
#include "bridge/schema/async_api/json_schema.h"
#include "bridge/schema/schema.h"

namespace sluice {

struct ShownEvent {
  std::string key;   // among the route's events
  std::string name;  // of the `event:` line; "message" where there is none
  bool is_json = true;
  nlohmann::ordered_json data;  // its JSON schema
  std::string summary;
};

std::vector<ShownEvent> ShownEventsOf(const Route& route, const Schema& schema,
                                      JsonSchemas& schemas);

}  // namespace sluice
