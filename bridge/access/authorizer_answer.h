// What an authorizer answered, taken with care: whatever does not make a whole
// decision is none.
#pragma once

#include "absl/time/time.h"
#include "bridge/access/authorizer.h"

namespace sluice::v1 {
class AuthorizeResponse;
}

namespace sluice {

Decision DecisionFromAnswer(const v1::AuthorizeResponse& answer, absl::Time now);

}  // namespace sluice
