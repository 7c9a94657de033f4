// Admin.Disconnect: an operator ends streams.
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "bridge/access/revocation_fields.h"
#include "bridge/base/log.h"
#include "bridge/hub/disconnecting.h"
#include "bridge/rpc/admin_question.h"
#include "bridge/rpc/admin_service.h"
#include "bridge/rpc/caller.h"

namespace sluice {
namespace {

absl::StatusOr<Revocation> ReadRequest(const v1::DisconnectRequest& request) {
  if (request.subject().empty() && request.topic().empty() && request.topic_pattern().empty() &&
      request.subscriber_id().empty()) {
    return absl::InvalidArgumentError(
        "set at least one of subject, topic, topic_pattern, subscriber_id (for all streams: "
        "topic_pattern \"**\")");
  }
  return ReadRevocation({.subject = request.subject(),
                         .topic = request.topic(),
                         .topic_pattern = request.topic_pattern(),
                         .subscriber_id = request.subscriber_id(),
                         .reason = request.reason()});
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::Disconnect(grpc::CallbackServerContext* context,
                                                   const v1::DisconnectRequest* request,
                                                   v1::DisconnectResponse* response) {
  return WhenAllowed(
      rpc_, context, Action::kAdminister,
      [this, request, response, peer = PeerAddress(*context)](grpc::ServerUnaryReactor* reactor) {
        absl::StatusOr<Revocation> revocation = ReadRequest(*request);
        if (!revocation.ok()) return reactor->Finish(ToGrpc(revocation.status()));
        if (rpc_.disconnects == nullptr)
          return reactor->Finish(
              grpc::Status(grpc::StatusCode::UNIMPLEMENTED, "this bridge cannot end streams"));
        rpc_.disconnects->Disconnect(*std::move(revocation), DisconnectedBy::kOperator,
                                     [request, response, reactor, peer](uint64_t disconnected) {
                                       log::Warning("disconnected by an operator",
                                                    {{"peer", peer},
                                                     {"subject", request->subject()},
                                                     {"topic", request->topic()},
                                                     {"topic_pattern", request->topic_pattern()},
                                                     {"subscriber_id", request->subscriber_id()},
                                                     {"why", request->reason()},
                                                     {"streams", disconnected}});
                                       response->set_disconnected(disconnected);
                                       reactor->Finish(grpc::Status::OK);
                                     });
      });
}

}  // namespace sluice
