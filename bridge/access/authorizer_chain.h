// Authorizers that are asked one after another: what `all_of` and `any_of` share with
// the questions that they have open.
#pragma once

#include <cstddef>
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

}  // namespace sluice
