#include "bridge/http/call_answer.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/base/metrics.h"
#include "bridge/base/text.h"
#include "bridge/event/call_id.h"
#include "bridge/http/await.h"
#include "bridge/http/call_failure.h"
#include "bridge/http/open_call.h"
#include "bridge/hub/event_search.h"
#include "bridge/hub/log_head.h"
#include "bridge/relay/call_request.h"
#include "bridge/schema/raw_json.h"
#include "bridge/schema/schema_registry.h"

namespace sluice {
namespace {

using boost::asio::awaitable;

Refusal BadRequest(int status, std::string detail) {
  return {.reason = Reason::kBadRequest, .status = status, .detail = std::move(detail)};
}

Refusal Misconfigured(absl::string_view cause) {
  return {.reason = Reason::kBackendFailed,
          .status = 503,
          .detail = "the backend cannot be called now; try again",
          .cause = std::string(cause)};
}

bool IsJsonType(std::string_view content_type) {
  const absl::string_view type = AsAbsl(content_type.substr(0, content_type.find(';')));
  return absl::EqualsIgnoreCase(absl::StripAsciiWhitespace(type), "application/json");
}

absl::StatusOr<CallRequest> BuildRequest(const Exchange& exchange, const RequestTarget& target,
                                         const RouteMatch& match, const StreamRequest& request) {
  const HttpContext& context = exchange.services.context;
  std::vector<std::string> reserved = exchange.services.options.credential_query_parameters;
  reserved.insert(reserved.end(), {"last_event_id", "lastEventId"});
  const SchemaPtr schema = context.schema->current();
  const CallInput input{
      match, target, std::move(reserved), exchange.body, request.subject(), exchange.head.fields};
  return BuildCallRequest(*match.route->call, *schema, context.schema->options(), input);
}

// A method that is not known yet is looked for at the backends, once.
awaitable<std::variant<CallRequest, Refusal>> MakeCallRequest(const Exchange& exchange,
                                                              const RequestTarget& target,
                                                              const RouteMatch& match,
                                                              const StreamRequest& request) {
  const HttpContext& context = exchange.services.context;
  if (context.relay == nullptr || context.schema == nullptr) {
    co_return Misconfigured("there are no backends");
  }
  absl::StatusOr<CallRequest> made = BuildRequest(exchange, target, match, request);
  if (absl::IsNotFound(made.status())) {
    auto look_up = [&](std::function<void(bool)> done) {
      context.schema->LookUp(match.route->call->method, std::move(done));
    };
    const bool known = co_await AwaitCallback<bool>(std::move(look_up));
    if (known) made = BuildRequest(exchange, target, match, request);
  }
  if (made.ok()) co_return *std::move(made);
  if (absl::IsInvalidArgument(made.status())) {
    co_return BadRequest(400, std::string(made.status().message()));
  }
  co_return Misconfigured(made.status().message());
}

Refusal LogAway(const absl::Status& cause) {
  return {.reason = Reason::kLogFailed,
          .status = 503,
          .detail = "the event log cannot be read now; try again",
          .cause = std::string(cause.message())};
}

// Where the topic's partition stands; asked of the log where it is not known here yet.
awaitable<std::variant<EventId, Refusal>> NewestPosition(const Exchange& exchange,
                                                         const std::string& topic) {
  EventLog& log = exchange.shard.log();
  const EventId head = HeadOf(log, log.PartitionOf(topic));
  if (head.epoch != 0) co_return head;
  using Result = absl::StatusOr<ReadResult>;
  auto read = [&log, &topic](std::function<void(Result)> done) {
    log.Read({.topic = topic, .start = Latest{}}, std::move(done));
  };
  const Result end = co_await AwaitCallback<Result>(std::move(read));
  if (!end.ok()) co_return LogAway(end.status());
  co_return EventId{end->epoch, end->after, false};
}

// What a stream starts with that comes back with an id of the log: nothing to join is
// needed while the call runs, or when the log has more.
awaitable<std::variant<std::shared_ptr<void>, Refusal>> JoinOrStart(const Exchange& exchange,
                                                                    const RequestTarget& target,
                                                                    const RouteMatch& match,
                                                                    StreamRequest& request,
                                                                    bool resumes) {
  auto made = co_await MakeCallRequest(exchange, target, match, request);
  if (auto* refusal = std::get_if<Refusal>(&made)) co_return std::move(*refusal);
  const Route& route = *match.route;
  const CallPolicy& policy = *route.call;
  // With a connect event the head goes out now: failures are events then.
  const absl::Duration wait = route.connect.enabled ? absl::ZeroDuration() : policy.header_wait;
  Calls& calls = *exchange.services.context.relay;
  const std::string topic = request.topics().front();
  auto before = co_await NewestPosition(exchange, topic);
  if (auto* refusal = std::get_if<Refusal>(&before)) co_return std::move(*refusal);
  auto join = [&](Calls::JoinDone done) {
    calls.Join(topic, policy, std::get<CallRequest>(std::move(made)), wait, std::move(done));
  };
  absl::StatusOr<Joined> joined = co_await AwaitCallback<absl::StatusOr<Joined>>(std::move(join));
  if (!joined.ok()) co_return RefusalOfCall(joined.status());
  const bool placed = joined->starts_at.epoch != 0;
  if (!resumes) {
    request.StartAt(FormatEventId(placed ? joined->starts_at : std::get<EventId>(before)));
  }
  co_return std::move(joined->lease);
}

}  // namespace

std::optional<Refusal> CheckBody(const Exchange& exchange) {
  if (exchange.body.empty()) return std::nullopt;
  // (It also makes browsers ask before they send one from another origin.)
  if (!IsJsonType(exchange.head.Field("content-type").value_or(""))) {
    return BadRequest(415, "send the body as Content-Type: application/json");
  }
  const SchemaRegistry* schema = exchange.services.context.schema;
  const uint32_t depth_max = schema ? schema->options().depth_max : JsonOptions().depth_max;
  const absl::StatusOr<std::string> json = CompactJson(exchange.body, depth_max);
  if (json.ok()) return std::nullopt;
  return BadRequest(400, absl::StrCat("the body: ", json.status().message()));
}

std::optional<Refusal> CheckCallId(const CallPolicy& policy, std::string_view last_event_id) {
  if (last_event_id.empty()) return std::nullopt;
  if (const auto id = ParseCallId(last_event_id); id && id->end) {
    return Refusal{.reason = Reason::kEnded, .status = 204, .detail = "the stream has ended"};
  }
  if (policy.resume == CallPolicy::Resume::kRestart) return std::nullopt;
  return Refusal{.reason = Reason::kNotResumable,
                 .status = 409,
                 .detail = "this stream cannot be gone on with; ask anew, without Last-Event-ID"};
}

awaitable<std::variant<EventsAfter, Refusal>> AnyEventSince(const Exchange& exchange,
                                                            const StreamRequest& request,
                                                            EventId id) {
  using Result = absl::StatusOr<EventsAfter>;
  auto look = [&exchange, &request, id](std::function<void(Result)> done) {
    AnyEventAfter(exchange.shard, request.topics(), id, request.filter(), std::move(done));
  };
  const Result any = co_await AwaitCallback<Result>(std::move(look));
  if (any.ok()) co_return *any;
  co_return LogAway(any.status());
}

awaitable<Outcome> AnswerCall(const Exchange& exchange, const RequestTarget& target,
                              const RouteMatch& match, StreamRequest& request) {
  auto made = co_await MakeCallRequest(exchange, target, match, request);
  if (auto* refusal = std::get_if<Refusal>(&made)) co_return std::move(*refusal);
  if (exchange.head.method == "HEAD") co_return request.StreamHead();
  auto call = std::make_unique<OpenCall>(*exchange.services.context.relay, exchange.shard,
                                         std::get<CallRequest>(std::move(made)));
  const Route& route = *match.route;
  if (!route.connect.enabled) {
    const bool present =
        co_await call->FirstWord(exchange.transport, exchange.received, route.call->header_wait);
    if (!present) {
      exchange.services.context.metrics->Disconnected(Reason::kClientLeft);
      log::Info("client left before its stream began",
                {{"peer", exchange.peer.address_and_port}, {"route", route.path.text()}});
      co_return ClientGone();
    }
    if (const auto failure = call->EarlyFailure()) co_return RefusalOfCall(*failure);
  }
  if (auto refusal = request.CheckStill()) co_return *std::move(refusal);
  co_return request.GrantCall(std::move(call));
}

awaitable<std::variant<std::shared_ptr<void>, Refusal>> JoinCall(const Exchange& exchange,
                                                                 const RequestTarget& target,
                                                                 const RouteMatch& match,
                                                                 StreamRequest& request) {
  Calls* calls = exchange.services.context.relay;
  const std::optional<EventId> id = ParseEventId(request.last_event_id());
  const std::string& topic = request.topics().front();
  const Epoch epoch = exchange.shard.log().epoch(exchange.shard.log().PartitionOf(topic));
  bool resumes = id && id->epoch == epoch;
  // (Which epoch it is may not be known here yet: then the log says whether the id is its own.)
  if (calls != nullptr && id && (resumes || epoch == 0)) {
    std::optional<Joined> running = calls->JoinRunning(topic);
    if (running && resumes) co_return std::move(running->lease);
    auto more = co_await AnyEventSince(exchange, request, *id);
    if (auto* refusal = std::get_if<Refusal>(&more)) co_return std::move(*refusal);
    const auto& [any, known] = std::get<EventsAfter>(more);
    resumes |= known;
    if (running && resumes) co_return std::move(running->lease);
    if (any && resumes) co_return nullptr;
  }
  co_return co_await JoinOrStart(exchange, target, match, request, resumes);
}

}  // namespace sluice
