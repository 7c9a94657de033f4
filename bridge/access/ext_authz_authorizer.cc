#include "bridge/access/ext_authz_authorizer.h"

#include <utility>

#include "absl/time/clock.h"
#include "bridge/access/authorizer_calls.h"
#include "bridge/access/check_request.h"
#include "bridge/access/decisions.h"
#include "bridge/access/ext_authz_answer.h"

namespace sluice {
namespace {

constexpr char kMethod[] = "/envoy.service.auth.v3.Authorization/Check";

Decision Read(const std::string& bytes, const std::string& subject_header) {
  envoy::service::auth::v3::CheckResponse answer;
  if (answer.ParseFromString(bytes)) return DecisionFromCheck(answer, subject_header, absl::Now());
  return Denial(Decision::Verdict::kError, "the authorizer's answer could not be read");
}

class ExtAuthzAuthorizer final : public Authorizer {
 public:
  explicit ExtAuthzAuthorizer(ExtAuthzAuthorizerOptions options)
      : wants_(std::move(options.wants)),
        extensions_(std::move(options.context_extensions)),
        calls_({.address = std::move(options.address),
                .deadline = options.deadline,
                .calls_in_flight = options.calls_in_flight,
                .calls_in_flight_setting = "ext_authz.calls_in_flight",
                .tls = std::move(options.tls)},
               kMethod, [header = std::move(options.subject_header)](const std::string& bytes) {
                 return Read(bytes, header);
               }) {
    wants_.request = true;
  }

  void Authorize(AuthorizationRequest request, Done done) override {
    calls_.Ask(ToCheckRequest(request, extensions_, absl::Now()).SerializeAsString(),
               std::move(done));
  }
  const Wants& wants() const override { return wants_; }

 private:
  Wants wants_;
  const ContextExtensions extensions_;
  AuthorizerCalls calls_;
};

}  // namespace

std::unique_ptr<Authorizer> MakeExtAuthzAuthorizer(ExtAuthzAuthorizerOptions options) {
  return std::make_unique<ExtAuthzAuthorizer>(std::move(options));
}

}  // namespace sluice
