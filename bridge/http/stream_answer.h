// A request for a stream, from its route to the stream or its refusal.
#pragma once

#include "boost/asio/awaitable.hpp"
#include "bridge/http/exchange.h"
#include "bridge/route/request_target.h"
#include "bridge/route/route.h"

namespace sluice {

// On the shard's thread. All arguments outlive it.
boost::asio::awaitable<Outcome> AnswerStream(const Exchange& exchange, const RequestTarget& target,
                                             const RouteMatch& match);

}  // namespace sluice
