// What the authorizer answered, put where a route said {subject}.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "bridge/event/event.h"

namespace sluice {

// Fills {subject} in topics and in a filter's values; topics that become the
// same are folded. PERMISSION_DENIED: there is one to fill, and the subject is
// empty, holds '/' or a control character, or makes no valid topic.
absl::Status FillSubject(std::string_view subject, std::vector<std::string>& topics,
                         Attributes& filter);

}  // namespace sluice
