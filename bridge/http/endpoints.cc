#include "bridge/http/endpoints.h"

#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/access/authorizer.h"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/base/logged_path.h"
#include "bridge/base/metrics.h"
#include "bridge/base/text.h"
#include "bridge/http/accept.h"
#include "bridge/http/authorization.h"
#include "bridge/http/await.h"
#include "bridge/http/statistics.h"
#include "bridge/http/stream_answer.h"
#include "bridge/hub/hub.h"
#include "bridge/route/route_table.h"

namespace sluice {
namespace {

using boost::asio::awaitable;

constexpr std::string_view kMethods = "GET, HEAD";

Refusal RefusalOf(const absl::Status& status) {
  const bool not_found = absl::IsNotFound(status);
  return {.reason = not_found ? Reason::kNotFound : Reason::kBadRequest,
          .status = not_found ? 404 : 400,
          .detail = std::string(status.message())};
}

void RecordRefusal(const HttpServices& services, const Peer& peer, std::string_view method,
                   std::string_view path, const Refusal& refusal) {
  services.context.metrics->Refused(refusal.reason);
  log::Info("request refused",
            {{"reason", ReasonName(refusal.reason)},
             {"status", refusal.status},
             {"peer", peer.address_and_port},
             {"method", method},
             {"path", path},
             {"detail", refusal.cause.empty() ? refusal.detail : refusal.cause}});
}

// One request on its way to its answer.
class Answering {
 public:
  explicit Answering(Exchange exchange)
      : services_(exchange.services), shard_(exchange.shard), exchange_(exchange) {}

  awaitable<Answer> Run();

 private:
  // Which endpoint or route it is for.
  std::optional<Refusal> Find();
  std::optional<Outcome> CheckMethod() const;
  awaitable<Outcome> Dispatch();
  awaitable<Outcome> Statistics();
  Response Refuse(const Refusal& refusal) const;

  // What is served at its target, but for OPTIONS.
  std::string Methods() const;
  bool cors() const { return !match_.route || match_.route->cors; }
  std::string origin() const { return exchange_.head.Field("origin").value_or(""); }

  HttpServices& services_;
  Shard& shard_;
  const Exchange exchange_;
  RequestTarget target_;
  std::optional<OpsEndpoint> endpoint_;
  RouteMatch match_;
};

awaitable<Answer> Answering::Run() {
  Outcome outcome = co_await Dispatch();
  if (auto* refusal = std::get_if<Refusal>(&outcome)) outcome = Refuse(*refusal);
  if (auto* stream = std::get_if<TopicStream>(&outcome)) co_return std::move(*stream);
  if (auto* stream = std::get_if<CallStream>(&outcome)) co_return std::move(*stream);
  if (std::holds_alternative<ClientGone>(outcome)) co_return ClientGone();
  Response& response = std::get<Response>(outcome);
  if (response.cors) services_.cors.AddTo(origin(), response.fields);
  co_return std::move(response);
}

std::optional<Refusal> Answering::Find() {
  absl::StatusOr<RequestTarget> target = RequestTarget::Parse(exchange_.head.target);
  if (!target.ok()) return RefusalOf(target.status());
  target_ = *std::move(target);
  endpoint_ = FindOpsEndpoint(target_.path(), exchange_.surface, services_.options);
  if (endpoint_) return std::nullopt;
  if (exchange_.surface == Surface::kOps) {
    return RefusalOf(
        absl::NotFoundError("only /health, /ready, /v1/stats and /asyncapi.json are served here"));
  }
  absl::StatusOr<RouteMatch> match = services_.context.routes->Match(target_.path());
  if (!match.ok()) return RefusalOf(match.status());
  match_ = *std::move(match);
  return std::nullopt;
}

std::string Answering::Methods() const {
  const Route* route = match_.route;
  if (route == nullptr) return std::string(kMethods);
  if (!route->post) return std::string(kMethods);
  return route->get ? absl::StrCat(AsAbsl(kMethods), ", POST") : "POST";
}

// Nothing: the method is one to go on with.
std::optional<Outcome> Answering::CheckMethod() const {
  const std::string& method = exchange_.head.method;
  const bool get = match_.route == nullptr || match_.route->get;
  const bool post = match_.route != nullptr && match_.route->post;
  if (get && (method == "GET" || method == "HEAD")) return std::nullopt;
  if (post && method == "POST") return std::nullopt;
  if (method != "OPTIONS") {
    return Refusal{.reason = Reason::kMethodNotAllowed,
                   .status = 405,
                   .detail = absl::StrCat("served here: ", Methods(), ", OPTIONS")};
  }
  Response response;
  response.status = 204;
  response.fields.emplace_back("Allow", absl::StrCat(Methods(), ", OPTIONS"));
  if (cors()) services_.cors.AddPreflightTo(origin(), Methods(), response.fields);
  response.cors = false;  // its fields are there already
  return response;
}

awaitable<Outcome> Answering::Dispatch() {
  if (!exchange_.head.method_known) {
    co_return Refusal{.reason = Reason::kMethodNotAllowed,
                      .status = 501,
                      .detail = "not a method that is known here"};
  }
  if (exchange_.head.method == "OPTIONS" && exchange_.head.target == "*") co_return *CheckMethod();
  if (auto refusal = Find()) co_return *std::move(refusal);
  if (auto outcome = CheckMethod()) co_return *std::move(outcome);
  if (!endpoint_) co_return co_await AnswerStream(exchange_, target_, match_);
  switch (*endpoint_) {
    case OpsEndpoint::kHealth:
      co_return HealthResponse(services_);
    case OpsEndpoint::kReady:
      co_return ReadyResponse(services_);
    case OpsEndpoint::kAsyncApiJson:
      co_return AsyncApiResponse(services_, false);
    case OpsEndpoint::kAsyncApiYaml:
      co_return AsyncApiResponse(services_, true);
    case OpsEndpoint::kDemoPage:
      co_return DemoPageResponse();
    case OpsEndpoint::kStats:
      break;
  }
  co_return co_await Statistics();
}

awaitable<Outcome> Answering::Statistics() {
  Authorizer& authorizer = *services_.context.stats_authorizer;
  auto question = MakeQuestion(services_, authorizer, Action::kReadStats, {}, exchange_.head,
                               target_, exchange_.peer);
  auto answer = co_await Ask(authorizer, std::move(question));
  if (auto* refusal = std::get_if<Refusal>(&answer)) co_return std::move(*refusal);
  const absl::Time now = services_.context.clock->Now();
  if (auto refusal = CheckDecision(std::get<Decision>(answer), now)) {
    co_return WithCookieHint(*std::move(refusal), services_, authorizer, exchange_.head, target_,
                             exchange_.peer);
  }
  // Shards are visited one after another: nothing is counted at the same time.
  auto count = [this](std::function<void(SubscriberCounts)> done) {
    auto counts = std::make_shared<SubscriberCounts>();
    services_.context.hub->Visit([counts](Shard& shard) { counts->Add(shard); },
                                 [counts, done = std::move(done)] { done(std::move(*counts)); });
  };
  const SubscriberCounts counts = co_await AwaitCallback<SubscriberCounts>(std::move(count));
  co_return JsonResponse(200, StatisticsJson(services_, counts));
}

Response Answering::Refuse(const Refusal& refusal) const {
  const RequestHead& head = exchange_.head;
  RecordRefusal(services_, exchange_.peer, head.method_known ? head.method : "",
                LoggedPath(head.target), refusal);
  RefusalForm form;
  if (match_.route) form.style = match_.route->refusal;
  form.from_event_source = match_.route && LooksLikeEventSource(exchange_.head);
  Response response = ToResponse(refusal, form);
  if (refusal.status == 405) {
    response.fields.emplace_back("Allow", absl::StrCat(Methods(), ", OPTIONS"));
  }
  response.cors = cors();
  return response;
}

}  // namespace

awaitable<Answer> AnswerRequest(Exchange exchange) {
  Answering answering(exchange);
  co_return co_await answering.Run();
}

Response RefuseUnread(HttpServices& services, const Peer& peer, const Refusal& refusal) {
  RecordRefusal(services, peer, "", "", refusal);
  return ToResponse(refusal, {});
}

}  // namespace sluice
