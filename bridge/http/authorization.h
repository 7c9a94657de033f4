// A request put to the authorizer.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "boost/asio/awaitable.hpp"
#include "bridge/access/authorizer.h"
#include "bridge/http/http_services.h"
#include "bridge/http/refusal.h"
#include "bridge/http/request_head.h"
#include "bridge/route/request_target.h"
#include "bridge/route/route.h"

namespace sluice {

// Who is asked about streams of a route.
Authorizer& AuthorizerOf(const HttpServices& services, const Route& route);

// What the authorizer is asked: exactly what it wants to know, no more; cookies only where
// they count (CheckCookieOrigin).
std::variant<AuthorizationRequest, Refusal> MakeQuestion(
    const HttpServices& services, const Authorizer& authorizer, Action action,
    std::vector<std::string> topics, const RequestHead& head, const RequestTarget& target,
    const Peer& peer);

// Asks the question, if it is one.
boost::asio::awaitable<std::variant<Decision, Refusal>> Ask(
    Authorizer& authorizer, std::variant<AuthorizationRequest, Refusal> question);

// Nothing: it is allowed.
std::optional<Refusal> CheckDecision(const Decision& decision, absl::Time now);

// Of a 401, says why cookies that came with the request, and might have helped, were not taken.
Refusal WithCookieHint(Refusal refusal, const HttpServices& services, const Authorizer& authorizer,
                       const RequestHead& head, const RequestTarget& target, const Peer& peer);

}  // namespace sluice
