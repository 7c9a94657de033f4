#include "bridge/access/none_authorizer.h"

namespace sluice {

void NoneAuthorizer::Authorize(AuthorizationRequest, Done done) {
  Decision decision;
  decision.verdict = Decision::Verdict::kAllow;
  done(std::move(decision));
}

const std::vector<std::string>& NoneAuthorizer::headers() const {
  static const std::vector<std::string> kNone;
  return kNone;
}

}  // namespace sluice
