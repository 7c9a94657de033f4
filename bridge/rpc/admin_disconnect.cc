// Admin.Disconnect: an operator ends streams.
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/base/utf8.h"
#include "bridge/event/topic.h"
#include "bridge/hub/disconnecting.h"
#include "bridge/rpc/admin_question.h"
#include "bridge/rpc/admin_service.h"
#include "bridge/rpc/caller.h"

namespace sluice {
namespace {

constexpr size_t kTextBytesMax = 512;

absl::Status CheckText(const std::string& text, absl::string_view field) {
  if (text.size() <= kTextBytesMax && !HasControlCharacter(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(field, ": is longer than ", kTextBytesMax,
                                                 " bytes or holds control characters"));
}

absl::StatusOr<Revocation> ReadRequest(const v1::DisconnectRequest& request) {
  absl::Status status = CheckText(request.subject(), "subject");
  status.Update(CheckText(request.subscriber_id(), "subscriber_id"));
  status.Update(CheckText(request.reason(), "reason"));
  if (!status.ok()) return status;
  Revocation revocation{.subject = request.subject(),
                        .topic = request.topic(),
                        .pattern = std::nullopt,
                        .subscriber_id = request.subscriber_id(),
                        .reason = request.reason()};
  if (!request.topic().empty()) {
    if (const absl::Status topic = ValidateTopic(request.topic()); !topic.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("topic: ", topic.message()));
    }
  }
  if (!request.topic_pattern().empty()) {
    absl::StatusOr<TopicPattern> pattern = TopicPattern::Parse(request.topic_pattern());
    if (!pattern.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("topic_pattern: ", pattern.status().message()));
    }
    revocation.pattern = *std::move(pattern);
  }
  if (request.subject().empty() && request.topic().empty() && request.topic_pattern().empty() &&
      request.subscriber_id().empty()) {
    return absl::InvalidArgumentError(
        "set at least one of subject, topic, topic_pattern, subscriber_id (for all streams: "
        "topic_pattern \"**\")");
  }
  return revocation;
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
