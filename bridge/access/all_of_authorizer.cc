#include "bridge/access/all_of_authorizer.h"

#include <utility>

#include "bridge/access/decisions.h"

namespace sluice {
namespace {

bool TakeUnlessDenied(const AuthorizationRequest& question, Decision answer,
                      std::optional<Decision>& so_far) {
  if (answer.allowed() && so_far) {
    answer = AllowedByBoth(*std::move(so_far), std::move(answer), question);
  }
  so_far = std::move(answer);
  return !so_far->allowed();
}

}  // namespace

AllOfAuthorizer::AllOfAuthorizer(std::vector<Authorizer*> members)
    : chain_(std::make_shared<AuthorizerChain>(std::move(members))) {}

AllOfAuthorizer::~AllOfAuthorizer() { chain_->Close(); }

void AllOfAuthorizer::Authorize(AuthorizationRequest request, Done done) {
  AskInTurn(chain_, std::move(request), TakeUnlessDenied, std::move(done));
}

}  // namespace sluice
