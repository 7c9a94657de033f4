// Which events of its topics a subscription wants.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/event/event.h"

namespace sluice {

struct EventFilter {
  Attributes attributes;           // all of these
  std::vector<std::string> types;  // one of these; empty: any

  bool empty() const { return attributes.empty() && types.empty(); }
  bool Passes(const Event& event) const;
};

// Null: everything passes.
using EventFilterPtr = std::shared_ptr<const EventFilter>;

}  // namespace sluice
