#include "bridge/http/stream_answer.h"

#include <memory>
#include <optional>
#include <utility>

#include "bridge/http/authorization.h"
#include "bridge/http/await.h"
#include "bridge/http/call_answer.h"
#include "bridge/http/stream_request.h"
#include "bridge/hub/event_search.h"
#include "bridge/hub/log_head.h"

namespace sluice {
namespace {

using boost::asio::awaitable;

// Who asks, and whether they may.
awaitable<std::optional<Refusal>> Allow(const Exchange& exchange, const Route& route,
                                        StreamRequest& request) {
  Decision decision;
  if (route.is_public) {
    decision.verdict = Decision::Verdict::kAllow;
  } else {
    auto question = request.Question();
    auto answer = co_await Ask(AuthorizerOf(exchange.services, route), std::move(question));
    if (auto* refusal = std::get_if<Refusal>(&answer)) co_return std::move(*refusal);
    decision = std::get<Decision>(std::move(answer));
  }
  co_return request.Apply(decision);
}

// A stream's events are in one order.
std::optional<Refusal> CheckOnePlace(const Exchange& exchange, const StreamRequest& request) {
  const absl::Status one = CheckOnePartition(exchange.shard.log(), request.topics());
  if (one.ok()) return std::nullopt;
  return Refusal{
      .reason = Reason::kBadRequest, .status = 400, .detail = std::string(one.message())};
}

// A client that comes back with the id of an end has nothing to come for, unless
// something was published since.
awaitable<std::optional<Refusal>> CheckEnded(const Exchange& exchange,
                                             const StreamRequest& request) {
  const std::optional<EventId> ended_at = EndedAt(request.last_event_id());
  if (!ended_at) co_return std::nullopt;
  auto goes_on = co_await AnyEventSince(exchange, request, *ended_at);
  if (auto* refusal = std::get_if<Refusal>(&goes_on)) co_return std::move(*refusal);
  if (std::get<EventsAfter>(goes_on).any) co_return std::nullopt;
  co_return Refusal{.reason = Reason::kEnded, .status = 204, .detail = "the stream has ended"};
}

}  // namespace

awaitable<Outcome> AnswerStream(const Exchange& exchange, const RequestTarget& target,
                                const RouteMatch& match) {
  const Route& route = *match.route;
  const bool per_request = route.call && route.call->mode == CallPolicy::Mode::kPerRequest;
  StreamRequest request(exchange.services, exchange.head, target, match, exchange.peer);
  if (auto refusal = request.Read()) co_return *std::move(refusal);
  if (route.call) {
    if (auto refusal = CheckBody(exchange)) co_return *std::move(refusal);
  }
  if (per_request) {
    if (auto refusal = CheckCallId(*route.call, request.last_event_id())) {
      co_return *std::move(refusal);
    }
  }
  if (auto refusal = request.Admit()) co_return *std::move(refusal);
  if (auto refusal = co_await Allow(exchange, route, request)) co_return *std::move(refusal);
  if (per_request) co_return co_await AnswerCall(exchange, target, match, request);

  if (auto refusal = CheckOnePlace(exchange, request)) co_return *std::move(refusal);
  if (auto refusal = co_await CheckEnded(exchange, request)) co_return *std::move(refusal);
  if (exchange.head.method == "HEAD") co_return request.StreamHead();
  std::shared_ptr<void> joined;
  if (route.call) {
    auto place = co_await JoinCall(exchange, target, match, request);
    if (auto* refusal = std::get_if<Refusal>(&place)) co_return std::move(*refusal);
    joined = std::get<std::shared_ptr<void>>(std::move(place));
  }
  // All this may have taken its time.
  if (auto refusal = request.CheckStill()) co_return *std::move(refusal);
  TopicStream granted = request.Grant();
  using Leases = std::pair<std::shared_ptr<void>, std::shared_ptr<void>>;
  std::shared_ptr<void>& lease = granted.session.lease;
  if (joined) lease = std::make_shared<Leases>(std::move(lease), std::move(joined));
  co_return std::move(granted);
}

}  // namespace sluice
