// Whether a caller may look, or do what an operator does.
#pragma once

#include <grpcpp/grpcpp.h>

#include <functional>

#include "bridge/access/authorizer.h"
#include "bridge/rpc/rpc_server.h"

namespace sluice {

// Runs `allowed` when the authorizer lets the caller; it finishes the call.
grpc::ServerUnaryReactor* WhenAllowed(const RpcContext& rpc, grpc::CallbackServerContext* context,
                                      Action action,
                                      std::function<void(grpc::ServerUnaryReactor*)> allowed);

}  // namespace sluice
