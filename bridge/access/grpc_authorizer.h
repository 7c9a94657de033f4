// Asks a sluice.v1.Authorizer over gRPC.
//
// Bounded: past `calls_in_flight` open questions it answers kError at once.
// Fails closed: a gRPC error, a missed deadline, an answer without a decision
// or with an expiry in the past are kError (the last: kUnauthenticated).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "bridge/access/authorizer.h"
#include "bridge/access/client_tls_options.h"

namespace sluice {

struct GrpcAuthorizerOptions {
  std::string address;  // "host:port" or "unix:/path"
  absl::Duration deadline = absl::Seconds(2);
  uint32_t calls_in_flight = 1024;
  std::optional<ClientTlsOptions> tls;
  Wants wants;
  bool watch_revocations = true;  // what follows them looks here
};

std::unique_ptr<Authorizer> MakeGrpcAuthorizer(GrpcAuthorizerOptions options);

}  // namespace sluice
