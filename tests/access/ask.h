// Asks and waits for the answer.
#pragma once

#include <future>
#include <memory>
#include <utility>

#include "bridge/access/authorizer.h"

namespace sluice {

inline std::future<Decision> AskAsync(Authorizer& authorizer, AuthorizationRequest request) {
  auto answer = std::make_shared<std::promise<Decision>>();
  authorizer.Authorize(std::move(request),
                       [answer](Decision decision) { answer->set_value(std::move(decision)); });
  return answer->get_future();
}

inline Decision Ask(Authorizer& authorizer, AuthorizationRequest request = {}) {
  return AskAsync(authorizer, std::move(request)).get();
}

}  // namespace sluice
