#include "bridge/event/event_filter.h"

#include <algorithm>

namespace sluice {
namespace {

bool Holds(const Attributes& attributes, const std::pair<std::string, std::string>& wanted) {
  return std::find(attributes.begin(), attributes.end(), wanted) != attributes.end();
}

}  // namespace

bool EventFilter::Passes(const Event& event) const {
  for (const auto& wanted : attributes) {
    if (!Holds(event.attributes, wanted)) return false;
  }
  return types.empty() || std::find(types.begin(), types.end(), event.type) != types.end();
}

}  // namespace sluice
