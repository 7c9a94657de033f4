// From a request to its answer.
#pragma once

#include "boost/asio/awaitable.hpp"
#include "bridge/http/exchange.h"

namespace sluice {

// On the shard's thread.
boost::asio::awaitable<Answer> AnswerRequest(Exchange exchange);

// Counts and logs a refusal of a request that could not even be read.
Response RefuseUnread(HttpServices& services, const Peer& peer, const Refusal& refusal);

}  // namespace sluice
