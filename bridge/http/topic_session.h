// A stream of topics: an SSE session that reads a subscription.
#pragma once

#include "bridge/http/sse_session.h"
#include "bridge/hub/subscription.h"

namespace sluice {

struct TopicStream {
  SseSessionInit session;
  SubscriptionSpec subscription;
};

// On the shard's thread. The transport's socket must have been made on the shard's context.
void StartTopicSession(Shard& shard, Transport transport, TopicStream stream);

}  // namespace sluice
