// Requests for streams that are what a backend answers.
#pragma once

#include <memory>
#include <optional>
#include <string_view>
#include <variant>

#include "boost/asio/awaitable.hpp"
#include "bridge/http/exchange.h"
#include "bridge/http/stream_request.h"
#include "bridge/hub/event_search.h"
#include "bridge/route/call_policy.h"
#include "bridge/route/request_target.h"
#include "bridge/route/route.h"

namespace sluice {

// The body of a POST: nothing, or JSON that says it is.
std::optional<Refusal> CheckBody(const Exchange& exchange);

// What becomes of a client that comes back to a per-request stream with this id.
std::optional<Refusal> CheckCallId(const CallPolicy& policy, std::string_view last_event_id);

// Whether the log has events of the request's topics after `id`.
boost::asio::awaitable<std::variant<EventsAfter, Refusal>> AnyEventSince(
    const Exchange& exchange, const StreamRequest& request, EventId id);

// All arguments outlive these. `request` has been allowed.

// Makes the call of a per-request route. With a connect event the stream is granted at
// once; without, when the backend has said its first word, so that a failure before it
// is still an HTTP status.
boost::asio::awaitable<Outcome> AnswerCall(const Exchange& exchange, const RequestTarget& target,
                                           const RouteMatch& match, StreamRequest& request);

// A place at the call that feeds an on-demand route's topic (null: what the log has is
// enough), with `request` set to where the stream starts.
boost::asio::awaitable<std::variant<std::shared_ptr<void>, Refusal>> JoinCall(
    const Exchange& exchange, const RequestTarget& target, const RouteMatch& match,
    StreamRequest& request);

}  // namespace sluice
