#include "bridge/access/grpc_authorizer.h"

#include <utility>

#include "absl/time/clock.h"
#include "bridge/access/authorizer_answer.h"
#include "bridge/access/authorizer_calls.h"
#include "bridge/access/decisions.h"
#include "sluice/v1/authorizer.pb.h"

namespace sluice {
namespace {

constexpr char kMethod[] = "/sluice.v1.Authorizer/Authorize";

v1::Action ToProto(Action action) {
  switch (action) {
    case Action::kSubscribe:
      return v1::ACTION_SUBSCRIBE;
    case Action::kPublish:
      return v1::ACTION_PUBLISH;
    case Action::kReadStats:
      return v1::ACTION_READ_STATS;
    case Action::kAdminister:
      return v1::ACTION_ADMINISTER;
    case Action::kReflect:
      return v1::ACTION_REFLECT;
  }
  return v1::ACTION_UNSPECIFIED;
}

v1::AuthorizeRequest ToProto(AuthorizationRequest request) {
  v1::AuthorizeRequest question;
  question.set_action(ToProto(request.action));
  for (std::string& topic : request.topics) question.add_topics(std::move(topic));
  question.set_credential(std::move(request.credential));
  for (auto& [key, value] : request.headers) {
    (*question.mutable_headers())[key] = std::move(value);
  }
  question.set_peer_address(std::move(request.peer_address));
  for (std::string& name : request.certificate_names) {
    question.add_certificate_names(std::move(name));
  }
  return question;
}

Decision Read(const std::string& bytes) {
  v1::AuthorizeResponse answer;
  if (answer.ParseFromString(bytes)) return DecisionFromAnswer(answer, absl::Now());
  return Denial(Decision::Verdict::kError, "the authorizer's answer could not be read");
}

class GrpcAuthorizer final : public Authorizer {
 public:
  explicit GrpcAuthorizer(GrpcAuthorizerOptions options)
      : wants_(std::move(options.wants)),
        calls_({.address = std::move(options.address),
                .deadline = options.deadline,
                .calls_in_flight = options.calls_in_flight,
                .calls_in_flight_setting = "authorizer.grpc.calls_in_flight",
                .tls = std::move(options.tls)},
               kMethod, Read) {}

  void Authorize(AuthorizationRequest request, Done done) override {
    calls_.Ask(ToProto(std::move(request)).SerializeAsString(), std::move(done));
  }
  const Wants& wants() const override { return wants_; }

 private:
  const Wants wants_;
  AuthorizerCalls calls_;
};

}  // namespace

std::unique_ptr<Authorizer> MakeGrpcAuthorizer(GrpcAuthorizerOptions options) {
  return std::make_unique<GrpcAuthorizer>(std::move(options));
}

}  // namespace sluice
