// The metadata of a call that is made for an HTTP request.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/relay/call_request.h"

namespace sluice {

// The bridge's own, the subject, the trace context, and the headers that the policy
// names. INVALID_ARGUMENT names the header whose value cannot be sent.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> CallMetadata(
    const CallPolicy& policy, const CallInput& input);

}  // namespace sluice
