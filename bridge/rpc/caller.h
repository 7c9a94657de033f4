// Who calls: what of a call goes to the authorizer, and what its answer means to
// the caller.
#pragma once

#include <grpcpp/grpcpp.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/access/authorizer.h"
#include "bridge/base/reason.h"

namespace sluice {

// "127.0.0.1:1234", "[::1]:1234" or "unix:/path".
std::string PeerAddress(const grpc::ServerContextBase& context);

// The credential is the `authorization` metadata without "Bearer ".
// INVALID_ARGUMENT: an entry that the authorizer would see stands twice or is not
// UTF-8 (to leave it out would be to decide about it).
absl::StatusOr<AuthorizationRequest> MakeQuestion(const grpc::ServerContextBase& context,
                                                  const Authorizer& authorizer, Action action,
                                                  std::vector<std::string> topics, absl::Time now);

// OK: allowed. What an authorizer says of its own failure is not for callers.
absl::Status ToStatus(const Decision& decision);
Reason ReasonOf(const Decision& denial);

grpc::Status ToGrpc(const absl::Status& status);

}  // namespace sluice
