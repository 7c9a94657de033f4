#include "bridge/route/route_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"
#include "bridge/event/topic.h"
#include "bridge/route/text_template.h"

namespace sluice {
namespace {

absl::Status BadRoute(const Route& route, absl::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("route '", route.path.text(), "': ", why));
}

// Checks the names of a template; answers it filled with a stand-in.
absl::StatusOr<std::string> CheckTemplate(const Route& route, std::string_view text) {
  const auto parts = SplitTemplate(text);
  if (!parts.ok()) return BadRoute(route, parts.status().message());
  const std::vector<std::string> captures = route.path.capture_names();
  std::string filled;
  for (const TemplatePart& part : *parts) {
    filled += part.is_name ? "x" : part.text;
    if (!part.is_name || part.text.starts_with(kQueryPrefix)) continue;
    if (part.text == kSubject) {
      if (!route.is_public) continue;
      return BadRoute(route, "a public route asks no authorizer, so it has no {subject}");
    }
    if (std::find(captures.begin(), captures.end(), part.text) == captures.end()) {
      return BadRoute(route, absl::StrCat("'", AsAbsl(text), "' names {", AsAbsl(part.text),
                                          "}, which the path does not capture"));
    }
  }
  return filled;
}

absl::Status CheckRoute(const Route& route) {
  for (const std::string& text : route.topics) {
    const auto topic = CheckTemplate(route, text);
    if (!topic.ok()) return topic.status();
    if (const absl::Status status = ValidateTopic(*topic); !status.ok()) {
      return BadRoute(route, absl::StrCat("topic '", text, "' ", status.message()));
    }
  }
  for (const auto& [key, text] : route.filter) {
    if (const auto value = CheckTemplate(route, text); !value.ok()) return value.status();
  }
  const std::vector<std::string> captures = route.path.capture_names();
  for (const auto& [name, values] : route.capture_values) {
    if (std::find(captures.begin(), captures.end(), name) == captures.end()) {
      return BadRoute(route,
                      absl::StrCat("has values for {", name, "}, which the path does not capture"));
    }
  }
  return absl::OkStatus();
}

bool ValuesAllowed(const Route& route, const Captures& captures) {
  return std::all_of(captures.begin(), captures.end(), [&](const auto& capture) {
    const auto allowed = route.capture_values.find(capture.first);
    return allowed == route.capture_values.end() ||
           std::find(allowed->second.begin(), allowed->second.end(), capture.second) !=
               allowed->second.end();
  });
}

}  // namespace

absl::StatusOr<RouteTable> RouteTable::Build(std::vector<Route> routes) {
  for (size_t i = 0; i < routes.size(); ++i) {
    if (absl::Status status = CheckRoute(routes[i]); !status.ok()) return status;
    for (size_t j = 0; j < i; ++j) {
      if (routes[i].path.SameShapeAs(routes[j].path)) {
        return BadRoute(routes[i],
                        absl::StrCat("matches the same paths as '", routes[j].path.text(), "'"));
      }
    }
  }
  std::stable_sort(routes.begin(), routes.end(),
                   [](const Route& a, const Route& b) { return a.path.MoreSpecificThan(b.path); });
  RouteTable table;
  table.routes_ = std::move(routes);
  return table;
}

absl::StatusOr<RouteMatch> RouteTable::Match(std::string_view path) const {
  const auto segments = SplitPath(path);
  if (!segments.ok()) return segments.status();
  for (const Route& route : routes_) {
    RouteMatch match{&route, {}};
    if (!route.path.Matches(*segments, &match.captures)) continue;
    // The most specific route decides: a less specific one, which may ask for
    // less, does not get what this one refuses.
    if (!ValuesAllowed(route, match.captures)) break;
    return match;
  }
  return absl::NotFoundError("nothing is served at this path");
}

}  // namespace sluice
