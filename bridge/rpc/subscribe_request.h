// A request to subscribe: read, then shaped by what the authorizer answered.
#pragma once

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/access/authorizer.h"
#include "bridge/event/attributes.h"
#include "bridge/hub/subscription.h"

namespace sluice::v1 {
class SubscribeRequest;
}

namespace sluice {

// All that a call keeps of its request.
struct RequestedSubscription {
  SubscriptionSpec spec;  // its filter is still empty: that comes with the decision
  Attributes attributes;  // the request's own filter
};

// INVALID_ARGUMENT names the field.
absl::StatusOr<RequestedSubscription> ReadSubscribeRequest(const v1::SubscribeRequest& request,
                                                           uint32_t topics_max);

// Fills {subject}, imposes the decision's filter over the request's own, and lays its
// masks over what is sent.
// PERMISSION_DENIED: the subject makes no valid topic.
absl::Status ApplyDecision(const Decision& decision, const Attributes& own, SubscriptionSpec* spec);

}  // namespace sluice
