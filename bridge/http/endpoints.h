// From a request to its answer.
#pragma once

#include <variant>

#include "boost/asio/awaitable.hpp"
#include "bridge/http/http_services.h"
#include "bridge/http/ops_endpoints.h"
#include "bridge/http/request_head.h"
#include "bridge/http/response.h"
#include "bridge/http/topic_session.h"

namespace sluice {

// A request and where it came in. What it refers to outlives the answering.
struct Exchange {
  HttpServices& services;
  Shard& shard;
  Surface surface;
  const RequestHead& head;
  const Peer& peer;
};

// A response, or a stream that was granted.
using Answer = std::variant<Response, TopicStream>;

// On the shard's thread.
boost::asio::awaitable<Answer> AnswerRequest(Exchange exchange);

// Counts and logs a refusal of a request that could not even be read.
Response RefuseUnread(HttpServices& services, const Peer& peer, const Refusal& refusal);

}  // namespace sluice
