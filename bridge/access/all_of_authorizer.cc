#include "bridge/access/all_of_authorizer.h"

#include <utility>

#include "bridge/access/decisions.h"

namespace sluice {
namespace {

// Kept by the answer that is waited for.
class Question : public std::enable_shared_from_this<Question> {
 public:
  Question(std::shared_ptr<AuthorizerChain> chain, AuthorizationRequest request,
           Authorizer::Done done)
      : chain_(std::move(chain)), request_(std::move(request)), done_(std::move(done)) {}

  void AskNext() {
    chain_->Ask(asked_, request_, [self = shared_from_this()](Decision decision) {
      self->Take(std::move(decision));
    });
  }

 private:
  void Take(Decision decision) {
    if (decision.allowed() && asked_ > 0) {
      decision = AllowedByBoth(std::move(so_far_), std::move(decision), request_.topics);
    }
    if (!decision.allowed() || ++asked_ == chain_->size()) return done_(std::move(decision));
    so_far_ = std::move(decision);
    AskNext();
  }

  const std::shared_ptr<AuthorizerChain> chain_;
  const AuthorizationRequest request_;
  const Authorizer::Done done_;
  size_t asked_ = 0;
  Decision so_far_;
};

}  // namespace

AllOfAuthorizer::AllOfAuthorizer(std::vector<Authorizer*> members)
    : chain_(std::make_shared<AuthorizerChain>(std::move(members))) {}

AllOfAuthorizer::~AllOfAuthorizer() { chain_->Close(); }

void AllOfAuthorizer::Authorize(AuthorizationRequest request, Done done) {
  std::make_shared<Question>(chain_, std::move(request), std::move(done))->AskNext();
}

}  // namespace sluice
