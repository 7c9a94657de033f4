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
    if (decision.allowed()) return done_(std::move(decision));
    if (asked_ == 0 || Weight(decision.verdict) >= Weight(denial_.verdict)) {
      denial_ = std::move(decision);
    }
    if (++asked_ == chain_->size()) return done_(std::move(denial_));
    AskNext();
  }

  const std::shared_ptr<AuthorizerChain> chain_;
  const AuthorizationRequest request_;
  const Authorizer::Done done_;
  size_t asked_ = 0;
  Decision denial_;  // the weightiest so far
};

}  // namespace

AnyOfAuthorizer::AnyOfAuthorizer(std::vector<Authorizer*> members)
    : chain_(std::make_shared<AuthorizerChain>(std::move(members))) {}

AnyOfAuthorizer::~AnyOfAuthorizer() { chain_->Close(); }

void AnyOfAuthorizer::Authorize(AuthorizationRequest request, Done done) {
  std::make_shared<Question>(chain_, std::move(request), std::move(done))->AskNext();
}

}  // namespace sluice
