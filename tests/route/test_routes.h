// Routes as a configuration would make them.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "bridge/route/route.h"

namespace sluice {

inline Route RouteAt(std::string_view path, std::vector<std::string> topics = {}) {
  Route route{*PathTemplate::Parse(path)};
  route.topics = std::move(topics);
  return route;
}

}  // namespace sluice
