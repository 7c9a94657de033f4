// A stream of what a backend answers to one request: an SSE session that reads a
// call. The next response is asked for only when the socket has taken the last one
// whole; a client that leaves ends the call.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "bridge/event/event_filter.h"
#include "bridge/event/frame_view.h"
#include "bridge/http/open_call.h"
#include "bridge/http/sse_session.h"

namespace sluice {

struct CallStream {
  SseSessionInit session;           // its route has a call
  std::vector<std::string> topics;  // what the authorizer was asked about
  EventFilterPtr filter;            // null: everything
  FrameViewPtr view;                // null: the default one
  std::unique_ptr<OpenCall> call;
};

// On the shard's thread. The transport's socket must have been made on the shard's context.
void StartCallSession(Shard& shard, Transport transport, CallStream stream);

}  // namespace sluice
