// A server-streaming call, ready to be made.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/route/call_policy.h"
#include "bridge/route/request_target.h"
#include "bridge/route/route.h"
#include "bridge/schema/schema.h"

namespace sluice {

struct CallRequest {
  std::string backend;
  std::string method;                                         // "acme.chat.v1.Assistant/Ask"
  std::string message;                                        // wire bytes
  std::vector<std::pair<std::string, std::string>> metadata;  // keys in lower case
  absl::Duration deadline = absl::InfiniteDuration();
};

// What of an HTTP request a call is made of.
struct CallInput {
  const RouteMatch& match;
  const RequestTarget& target;
  // Query parameters that are not for the call: credentials, Last-Event-ID.
  std::vector<std::string> reserved_parameters;
  std::string_view body;  // JSON; empty: none
  std::string_view subject;
  // Request headers, names in lower case; only those the policy names, traceparent
  // and tracestate become metadata.
  const std::vector<std::pair<std::string, std::string>>& headers;
};

// INVALID_ARGUMENT names the field that is bad (for the client: it is a 400);
// NOT_FOUND: the method is not known, or does not stream (for the operator: 503).
absl::StatusOr<CallRequest> BuildCallRequest(const CallPolicy& policy, const Schema& schema,
                                             const JsonOptions& limits, const CallInput& input);

// The same for a source, whose request is known beforehand. `request` is JSON.
absl::StatusOr<CallRequest> BuildSourceRequest(std::string backend, std::string method,
                                               std::string_view request, const Schema& schema);

}  // namespace sluice
