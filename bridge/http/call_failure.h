// A backend's failure as an answer to a request.
#pragma once

#include "absl/status/status.h"
#include "bridge/http/refusal.h"

namespace sluice {

// A call that failed before its stream began, as an HTTP status.
Refusal RefusalOfCall(const absl::Status& status);

}  // namespace sluice
