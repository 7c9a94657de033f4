// Asks others in order: the first that allows it does. Where none does, and one of them
// could not answer, it might have: kError. Else kForbidden counts before
// kUnauthenticated, and the last word is passed on.
#pragma once

#include <memory>
#include <vector>

#include "bridge/access/authorizer_chain.h"

namespace sluice {

class AnyOfAuthorizer final : public Authorizer {
 public:
  // At least one; they outlive it.
  explicit AnyOfAuthorizer(std::vector<Authorizer*> members);
  ~AnyOfAuthorizer() override;

  void Authorize(AuthorizationRequest request, Done done) override;
  const Wants& wants() const override { return chain_->wants(); }

 private:
  const std::shared_ptr<AuthorizerChain> chain_;
};

}  // namespace sluice
