#include "bridge/access/none_authorizer.h"

namespace sluice {

void NoneAuthorizer::Authorize(AuthorizationRequest, Done done) {
  Decision decision;
  decision.verdict = Decision::Verdict::kAllow;
  decision.lasting = true;
  done(std::move(decision));
}

const Wants& NoneAuthorizer::wants() const {
  static const Wants kNothing;
  return kNothing;
}

}  // namespace sluice
