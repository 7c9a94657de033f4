// How the gRPC side listens, and what it serves.
#pragma once

#include <string>

#include "bridge/rpc/rpc_server.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Grpc;
}

namespace sluice {

// All of `grpc` but the address and its authorizers. Paths in it begin at `folder`.
void SetRpcOptions(const config::v1::Grpc& grpc, const std::string& folder, RpcOptions* options,
                   Findings* findings);

}  // namespace sluice
