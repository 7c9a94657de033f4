// Admin.Disconnect: an operator ends streams.
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/fleet/fleet.h"
#include "bridge/fleet/merging.h"
#include "bridge/fleet/revocation_message.h"
#include "bridge/rpc/admin_question.h"
#include "bridge/rpc/admin_service.h"
#include "bridge/rpc/caller.h"
#include "google/rpc/status.pb.h"

namespace sluice {
namespace {

absl::Status ReadRequest(const v1::DisconnectRequest& request, fleet::v1::Question* question) {
  if (request.subject().empty() && request.topic().empty() && request.topic_pattern().empty() &&
      request.subscriber_id().empty()) {
    return absl::InvalidArgumentError(
        "set at least one of subject, topic, topic_pattern, subscriber_id (for all streams: "
        "topic_pattern \"**\")");
  }
  fleet::v1::Revocation& revocation = *question->mutable_revocation();
  revocation.set_subject(request.subject());
  revocation.set_topic(request.topic());
  revocation.set_topic_pattern(request.topic_pattern());
  revocation.set_subscriber_id(request.subscriber_id());
  revocation.set_reason(request.reason());
  return ReadRevocation(revocation).status();
}

// A status has no response beside it: what was done travels in the details.
grpc::Status Incomplete(const v1::DisconnectResponse& done) {
  google::rpc::Status status;
  status.set_code(grpc::StatusCode::UNAVAILABLE);
  int confirmed = 0;
  for (const v1::MemberDisconnected& member : done.members()) {
    confirmed += member.member().missing().empty() ? 1 : 0;
  }
  status.set_message(absl::StrCat("ended ", done.disconnected(), " streams at ", confirmed, " of ",
                                  done.members_size(),
                                  " known members, but not everywhere: ", done.incomplete(),
                                  " (members that come back do it then, if this bridge lives until "
                                  "it has told another)"));
  status.add_details()->PackFrom(done);
  return {grpc::StatusCode::UNAVAILABLE, status.message(), status.SerializeAsString()};
}

}  // namespace

grpc::ServerUnaryReactor* AdminService::Disconnect(grpc::CallbackServerContext* context,
                                                   const v1::DisconnectRequest* request,
                                                   v1::DisconnectResponse* response) {
  return WhenAllowed(
      rpc_, context, Action::kAdminister,
      [this, request, response, peer = PeerAddress(*context)](grpc::ServerUnaryReactor* reactor) {
        fleet::v1::Question question;
        if (absl::Status bad = ReadRequest(*request, &question); !bad.ok()) {
          return reactor->Finish(ToGrpc(bad));
        }
        rpc_.fleet->Ask(std::move(question), Scope::kFleet,
                        [request, response, reactor, peer](const FleetAnswer& answer) {
                          *response = MergeDisconnected(answer);
                          log::Warning("disconnected by an operator",
                                       {{"peer", peer},
                                        {"subject", request->subject()},
                                        {"topic", request->topic()},
                                        {"topic_pattern", request->topic_pattern()},
                                        {"subscriber_id", request->subscriber_id()},
                                        {"why", request->reason()},
                                        {"streams", response->disconnected()},
                                        {"members", response->members_size()},
                                        {"incomplete", response->incomplete()}});
                          reactor->Finish(response->incomplete().empty() ? grpc::Status::OK
                                                                         : Incomplete(*response));
                        });
      });
}

}  // namespace sluice
