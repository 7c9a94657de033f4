#include "bridge/relay/call_request.h"

#include <google/protobuf/descriptor.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "bridge/relay/call_metadata.h"
#include "bridge/relay/request_json.h"
#include "bridge/relay/request_message.h"
#include "bridge/relay/response_events.h"

namespace sluice {
namespace {

using nlohmann::json;

absl::StatusOr<json> ParseBody(std::string_view body, const JsonOptions& limits) {
  if (body.empty()) return json::object();
  absl::StatusOr<json> parsed = ParseObject(body, limits);
  if (parsed.ok()) return parsed;
  return absl::InvalidArgumentError(absl::StrCat("body: ", parsed.status().message()));
}

}  // namespace

absl::StatusOr<CallRequest> BuildCallRequest(const CallPolicy& policy, const Schema& schema,
                                             const JsonOptions& limits, const CallInput& input) {
  const auto method = FindStreamingMethod(schema, policy.method);
  if (!method.ok()) return method.status();
  const google::protobuf::Descriptor& type = *(*method)->input_type();
  absl::StatusOr<json> body = ParseBody(input.body, limits);
  if (!body.ok()) return body.status();
  const absl::StatusOr<json> message = policy.request
                                           ? FillRequest(*policy.request, input, *body, limits)
                                           : RequestByNames(type, input, *std::move(body), limits);
  if (!message.ok()) return message.status();
  absl::StatusOr<std::string> bytes = MessageFromJson(*message, schema, type, limits);
  if (!bytes.ok()) return bytes.status();
  auto metadata = CallMetadata(policy, input);
  if (!metadata.ok()) return metadata.status();
  return CallRequest{policy.backend, policy.method, *std::move(bytes), *std::move(metadata),
                     policy.deadline};
}

absl::StatusOr<CallRequest> BuildSourceRequest(std::string backend, std::string method,
                                               std::string_view request, const Schema& schema) {
  const auto found = FindStreamingMethod(schema, method);
  if (!found.ok()) return found.status();
  const absl::StatusOr<json> message = ParseObject(request, schema.options());
  if (!message.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("request: ", message.status().message()));
  }
  absl::StatusOr<std::string> bytes =
      MessageFromJson(*message, schema, *(*found)->input_type(), schema.options());
  if (!bytes.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("request.", bytes.status().message()));
  }
  CallRequest call;
  call.backend = std::move(backend);
  call.method = std::move(method);
  call.message = *std::move(bytes);
  return call;
}

}  // namespace sluice
