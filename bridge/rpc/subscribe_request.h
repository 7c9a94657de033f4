// A request to subscribe: read, then shaped by what the authorizer answered.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/access/authorizer.h"
#include "bridge/hub/subscription.h"

namespace sluice::v1 {
class SubscribeRequest;
}

namespace sluice {

// Its filter is still empty: it comes with the decision. INVALID_ARGUMENT names
// the field.
absl::StatusOr<SubscriptionSpec> ReadSubscribeRequest(const v1::SubscribeRequest& request,
                                                      uint32_t topics_max);

// Fills {subject}, imposes the decision's filter over the request's own, and lays its
// masks over what is sent.
// PERMISSION_DENIED: the subject makes no valid topic.
absl::Status ApplyDecision(const Decision& decision, const v1::SubscribeRequest& request,
                           SubscriptionSpec* spec);

}  // namespace sluice
