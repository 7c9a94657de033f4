// Which route a path belongs to.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/route/route.h"

namespace sluice {

// Immutable; thread-safe.
class RouteTable {
 public:
  // INVALID_ARGUMENT: two routes for the same paths, or a template that names a
  // capture its path does not have.
  static absl::StatusOr<RouteTable> Build(std::vector<Route> routes);

  // INVALID_ARGUMENT: the path cannot be; NOT_FOUND: no route, or a capture has
  // a value that is not allowed. The match lives as long as the table.
  absl::StatusOr<RouteMatch> Match(std::string_view path) const;

  const std::vector<Route>& routes() const { return routes_; }

 private:
  std::vector<Route> routes_;  // most specific first
};

}  // namespace sluice
