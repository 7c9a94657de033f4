#include "bridge/access/refusing_authorizer.h"

namespace sluice {

void RefusingAuthorizer::Authorize(AuthorizationRequest, Done done) {
  Decision decision;
  // Not kUnauthenticated: no credential would help.
  decision.verdict = Decision::Verdict::kForbidden;
  decision.reason =
      "no authorizer is configured: set `authorizer:` or mark the route `public: true`";
  done(std::move(decision));
}

const Wants& RefusingAuthorizer::wants() const {
  static const Wants kNothing;
  return kNothing;
}

}  // namespace sluice
