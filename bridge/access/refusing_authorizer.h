// What stands in when no authorizer is configured: everything is refused.
#pragma once

#include "bridge/access/authorizer.h"

namespace sluice {

class RefusingAuthorizer final : public Authorizer {
 public:
  void Authorize(AuthorizationRequest request, Done done) override;
  const Wants& wants() const override;
};

}  // namespace sluice
