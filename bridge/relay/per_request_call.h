// The call of a request, relayed to the one client that made it.
#pragma once

#include <memory>

#include "bridge/relay/call_relay.h"
#include "bridge/relay/call_request.h"
#include "bridge/relay/streaming_call.h"

namespace sluice {

class Shard;
struct RelayContext;

// On the shard's thread, where the relay lives. Null as a backend is one that is not
// configured. What cannot be called ends soon, as a call that failed does.
std::unique_ptr<CallRelay> StartPerRequestCall(const RelayContext& context,
                                               StreamingCall::Gate& gate, Backend* backend,
                                               Shard& shard, CallRequest request,
                                               CallRelay::Reader& reader);

}  // namespace sluice
