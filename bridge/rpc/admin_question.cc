#include "bridge/rpc/admin_question.h"

#include <utility>

#include "bridge/base/clock.h"
#include "bridge/base/metrics.h"
#include "bridge/rpc/caller.h"
#include "bridge/rpc/connections.h"

namespace sluice {

grpc::ServerUnaryReactor* WhenAllowed(const RpcContext& rpc, grpc::CallbackServerContext* context,
                                      Action action,
                                      std::function<void(grpc::ServerUnaryReactor*)> allowed) {
  grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
  absl::StatusOr<AuthorizationRequest> question =
      MakeQuestion(*context, *rpc.admin_authorizer, action, {}, rpc.clock->Now());
  if (!question.ok()) {
    rpc.metrics->Refused(Reason::kBadRequest);
    reactor->Finish(ToGrpc(question.status()));
    return reactor;
  }
  rpc.admin_authorizer->Authorize(*std::move(question),
                                  [&rpc, reactor, peer = PeerAddress(*context),
                                   allowed = std::move(allowed)](const Decision& decision) {
                                    const absl::Status status = ToStatus(decision);
                                    if (status.ok()) {
                                      rpc.connections->Allow(peer);
                                      return allowed(reactor);
                                    }
                                    rpc.metrics->Refused(ReasonOf(decision));
                                    reactor->Finish(ToGrpc(status));
                                  });
  return reactor;
}

}  // namespace sluice
