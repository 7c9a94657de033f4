// Asks a server of Envoy's external authorization (envoy.service.auth.v3.Authorization)
// over gRPC: OPA's Envoy plugin, and whatever else serves Envoy.
//
// What is done to what stands in context_extensions: "action" ("subscribe", "publish",
// "read_stats", "administer", "reflect"), "topics" (a JSON list) and, where there is only
// one, "topic". The credential goes as "authorization: Bearer ...".
//
// Bounded and failing closed as the grpc authorizer is.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "absl/time/time.h"
#include "bridge/access/authorizer.h"
#include "bridge/access/client_tls_options.h"

namespace sluice {

struct ExtAuthzAuthorizerOptions {
  std::string address;  // "host:port" or "unix:/path"
  absl::Duration deadline = absl::Seconds(2);
  uint32_t calls_in_flight = 1024;
  std::optional<ClientTlsOptions> tls;
  Wants wants;  // (the request line is always sent)
  // None of the bridge's own.
  std::map<std::string, std::string> context_extensions;
  std::string subject_header = "x-subject";
};

// Whether the bridge sends this key of context_extensions itself.
bool IsOwnContextExtension(const std::string& key);

std::unique_ptr<Authorizer> MakeExtAuthzAuthorizer(ExtAuthzAuthorizerOptions options);

}  // namespace sluice
