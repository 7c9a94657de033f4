// A request on its way to its answer, and what answers there are.
#pragma once

#include <string>
#include <variant>

#include "bridge/http/call_session.h"
#include "bridge/http/http_services.h"
#include "bridge/http/ops_endpoints.h"
#include "bridge/http/refusal.h"
#include "bridge/http/request_head.h"
#include "bridge/http/response.h"
#include "bridge/http/sse_session.h"
#include "bridge/http/topic_session.h"

namespace sluice {

// A request and where it came in. What it refers to outlives the answering.
struct Exchange {
  HttpServices& services;
  Shard& shard;
  Surface surface;
  const RequestHead& head;
  const std::string& body;
  const Peer& peer;
  // To see whether the client is still there; nothing else reads it meanwhile.
  Transport& transport;
  std::string& received;  // behind the request
};

// Nobody is there any more to be answered.
struct ClientGone {};

// A response, or a stream that was granted.
using Answer = std::variant<Response, TopicStream, CallStream, ClientGone>;
using Outcome = std::variant<Refusal, Response, TopicStream, CallStream, ClientGone>;

}  // namespace sluice
