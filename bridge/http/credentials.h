// The credential of a request: Authorization, then a query parameter (for
// EventSource, which cannot set headers), then a cookie; explicit before
// ambient. Never logged.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/http/request_head.h"
#include "bridge/route/request_target.h"

namespace sluice {

// Empty: there is none. INVALID_ARGUMENT: more than one Authorization field, or
// not text; the status does not repeat it.
absl::StatusOr<std::string> CredentialOf(const RequestHead& head, const RequestTarget& target,
                                         const std::vector<std::string>& query_parameters,
                                         const std::vector<std::string>& cookies);

}  // namespace sluice
