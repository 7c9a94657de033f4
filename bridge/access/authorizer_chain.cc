#include "bridge/access/authorizer_chain.h"

#include <utility>

#include "bridge/access/decisions.h"
#include "bridge/access/wants.h"

namespace sluice {

AuthorizerChain::AuthorizerChain(std::vector<Authorizer*> members) : members_(std::move(members)) {
  for (const Authorizer* member : members_) wants_ = Either(wants_, member->wants());
}

void AuthorizerChain::Ask(size_t member, const AuthorizationRequest& question,
                          Authorizer::Done done) {
  if (!gate_.Enter()) return done(Denial(Decision::Verdict::kError, "the bridge is ending"));
  Authorizer& asked = *members_[member];
  asked.Authorize(ToldTo(asked.wants(), question), std::move(done));
  gate_.Leave();
}

}  // namespace sluice
