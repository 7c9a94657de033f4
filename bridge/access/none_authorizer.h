// Allows everything to everybody. Must be named in the configuration.
#pragma once

#include "bridge/access/authorizer.h"

namespace sluice {

class NoneAuthorizer final : public Authorizer {
 public:
  void Authorize(AuthorizationRequest request, Done done) override;
  const Wants& wants() const override;
};

}  // namespace sluice
