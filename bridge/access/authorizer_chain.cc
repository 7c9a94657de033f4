#include "bridge/access/authorizer_chain.h"

#include <utility>

#include "bridge/access/decisions.h"
#include "bridge/access/wants.h"

namespace sluice {
namespace {

// Kept by the answer that is waited for.
class Turns : public std::enable_shared_from_this<Turns> {
 public:
  Turns(std::shared_ptr<AuthorizerChain> chain, AuthorizationRequest question, TakeAnswer take,
        Authorizer::Done done)
      : chain_(std::move(chain)),
        question_(std::move(question)),
        take_(take),
        done_(std::move(done)) {}

  void AskNext() {
    chain_->Ask(asked_, question_,
                [self = shared_from_this()](Decision answer) { self->Take(std::move(answer)); });
  }

 private:
  void Take(Decision answer) {
    const bool decided = take_(question_, std::move(answer), so_far_);
    if (decided || ++asked_ == chain_->size()) return done_(*std::move(so_far_));
    AskNext();
  }

  const std::shared_ptr<AuthorizerChain> chain_;
  const AuthorizationRequest question_;
  const TakeAnswer take_;
  const Authorizer::Done done_;
  size_t asked_ = 0;
  std::optional<Decision> so_far_;
};

}  // namespace

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

void AskInTurn(std::shared_ptr<AuthorizerChain> chain, AuthorizationRequest question,
               TakeAnswer take, Authorizer::Done done) {
  std::make_shared<Turns>(std::move(chain), std::move(question), take, std::move(done))->AskNext();
}

}  // namespace sluice
