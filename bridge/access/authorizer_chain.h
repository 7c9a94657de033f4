// Authorizers that are asked one after another: what `all_of` and `any_of` share with
// the questions that they have open.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <vector>

#include "bridge/access/authorizer.h"
#include "bridge/access/gate.h"

namespace sluice {

// Thread-safe.
class AuthorizerChain {
 public:
  // They outlive the one who closes this; open questions may hold on to it for longer.
  explicit AuthorizerChain(std::vector<Authorizer*> members);

  size_t size() const { return members_.size(); }
  // What any of them wants to know.
  const Wants& wants() const { return wants_; }

  // Tells the member of the question what it wants to know. kError: it is closed.
  void Ask(size_t member, const AuthorizationRequest& question, Authorizer::Done done);
  // From here on no member is asked.
  void Close() { gate_.Close(); }

 private:
  const std::vector<Authorizer*> members_;
  Wants wants_;
  Gate gate_;
};

// Makes a member's answer a part of what they have said so far (nullopt: it is the first).
// True: that is the answer, no other member is asked.
using TakeAnswer = bool (*)(const AuthorizationRequest& question, Decision answer,
                            std::optional<Decision>& so_far);

// Asks the members in order; what the last of them leaves is the answer.
void AskInTurn(std::shared_ptr<AuthorizerChain> chain, AuthorizationRequest question,
               TakeAnswer take, Authorizer::Done done);

}  // namespace sluice
