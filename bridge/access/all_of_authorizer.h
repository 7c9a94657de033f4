// Asks others in order: the first that does not allow it decides. What all allow is
// narrowed by each of them.
#pragma once

#include <memory>
#include <vector>

#include "bridge/access/authorizer_chain.h"

namespace sluice {

class AllOfAuthorizer final : public Authorizer {
 public:
  // At least one; they outlive it.
  explicit AllOfAuthorizer(std::vector<Authorizer*> members);
  ~AllOfAuthorizer() override;

  void Authorize(AuthorizationRequest request, Done done) override;
  const Wants& wants() const override { return chain_->wants(); }

 private:
  const std::shared_ptr<AuthorizerChain> chain_;
};

}  // namespace sluice
