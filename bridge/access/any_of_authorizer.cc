#include "bridge/access/any_of_authorizer.h"

#include <utility>

namespace sluice {
namespace {

using Verdict = Decision::Verdict;

int Weight(Verdict verdict) {
  switch (verdict) {
    case Verdict::kError:
      return 2;
    case Verdict::kForbidden:
      return 1;
    default:
      return 0;
  }
}

bool TakeUntilAllowed(const AuthorizationRequest&, Decision answer,
                      std::optional<Decision>& so_far) {
  if (!so_far || answer.allowed() || Weight(answer.verdict) >= Weight(so_far->verdict)) {
    so_far = std::move(answer);
  }
  return so_far->allowed();
}

}  // namespace

AnyOfAuthorizer::AnyOfAuthorizer(std::vector<Authorizer*> members)
    : chain_(std::make_shared<AuthorizerChain>(std::move(members))) {}

AnyOfAuthorizer::~AnyOfAuthorizer() { chain_->Close(); }

void AnyOfAuthorizer::Authorize(AuthorizationRequest request, Done done) {
  AskInTurn(chain_, std::move(request), TakeUntilAllowed, std::move(done));
}

}  // namespace sluice
