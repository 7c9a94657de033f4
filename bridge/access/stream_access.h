// What a running stream keeps so that its access stays true.
#pragma once

#include <cstdint>
#include <memory>

#include "bridge/access/authorizer.h"
#include "bridge/access/standing.h"
#include "bridge/event/event_filter.h"

namespace sluice {

struct StreamAccess {
  Authorizer& authorizer;  // of the route
  Attributes own_filter;   // what the request itself asks for
  Standing standing;
};

// Null: there is nothing to be asked again. `question` null: it was not asked.
std::unique_ptr<StreamAccess> MakeStreamAccess(Authorizer& authorizer, Attributes own_filter,
                                               Standing::Question question,
                                               const Decision& decision,
                                               const StandingPolicy& policy, absl::Time now);

// An event must have what both ask for, the request and the decision; where they
// contradict each other, none does. Null: every event passes.
EventFilterPtr ImposedFilter(Attributes own, const Decision& decision);

}  // namespace sluice
