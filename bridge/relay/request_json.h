// What of an HTTP request goes into the request message of a call, as JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/statusor.h"
#include "bridge/relay/call_request.h"

namespace google::protobuf {
class Descriptor;
}

namespace sluice {

// `body` is an object. INVALID_ARGUMENT names what of the request does not fit or is
// missing; NOT_FOUND what of the route.

// `request_template` with its placeholders filled. A string that is one placeholder
// becomes the value itself.
absl::StatusOr<nlohmann::json> FillRequest(const std::string& request_template,
                                           const CallInput& input, const nlohmann::json& body,
                                           const JsonOptions& limits);

// The fields of `type` by their names, in JSON or in its .proto file: the body's, then
// over them the query parameters, then the captures.
absl::StatusOr<nlohmann::json> RequestByNames(const google::protobuf::Descriptor& type,
                                              const CallInput& input, nlohmann::json body,
                                              const JsonOptions& limits);

}  // namespace sluice
