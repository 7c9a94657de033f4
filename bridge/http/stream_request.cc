#include "bridge/http/stream_request.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/access/revocations.h"
#include "bridge/base/clock.h"
#include "bridge/base/utf8.h"
#include "bridge/event/masked_views.h"
#include "bridge/http/accept.h"
#include "bridge/http/authorization.h"
#include "bridge/route/subject.h"

namespace sluice {
namespace {

constexpr size_t kLastEventIdBytesMax = 256;

Refusal BadRequest(absl::string_view detail) {
  return {.reason = Reason::kBadRequest, .status = 400, .detail = std::string(detail)};
}

Refusal TooFast(absl::string_view what, uint32_t per_second, absl::Duration wait) {
  return {.reason = Reason::kTooFast,
          .status = 429,
          .detail = absl::StrCat("more than ", per_second, " new streams in a second ", what,
                                 ", for longer than ", absl::FormatDuration(SessionRate::kBurst)),
          .retry_after = wait};
}

Refusal TooMany(int status, absl::string_view what, uint32_t limit) {
  return {.reason = Reason::kTooManySessions,
          .status = status,
          .detail = absl::StrCat("there are already ", limit, " streams", what)};
}

}  // namespace

StreamRequest::StreamRequest(HttpServices& services, const RequestHead& head,
                             const RequestTarget& target, const RouteMatch& match, const Peer& peer)
    : services_(services), head_(head), target_(target), match_(match), peer_(peer) {}

std::optional<Refusal> StreamRequest::Read() {
  if (!AcceptsEventStream(head_.Field("accept").value_or(""))) {
    return Refusal{.reason = Reason::kNotAcceptable,
                   .status = 406,
                   .detail = "this is served as text/event-stream only: say so in Accept"};
  }
  absl::StatusOr<std::vector<std::string>> topics = ReadTopics();
  if (!topics.ok()) return BadRequest(topics.status().message());
  const uint32_t topics_max = services_.options.topics_per_subscriber_max;
  if (topics->size() > topics_max) {
    return BadRequest(absl::StrCat("a stream has at most ", topics_max, " topics"));
  }
  absl::StatusOr<Attributes> filter = FilterOf(match_, target_);
  if (!filter.ok()) return BadRequest(filter.status().message());

  const Route& route = *match_.route;
  spec_.topics = *std::move(topics);
  filter_ = *std::move(filter);
  spec_.view = route.view;
  spec_.start = route.start;
  spec_.heartbeat = route.heartbeat;
  return ReadLastEventId();
}

// A call is a topic to be allowed, too: without one of the route's own, it has its
// method's name.
absl::StatusOr<std::vector<std::string>> StreamRequest::ReadTopics() const {
  const Route& route = *match_.route;
  if (route.call && route.topics.empty()) return std::vector<std::string>{route.call->method};
  return TopicsOf(match_, target_);
}

// The header is newer than what a polyfill put into the URL: it wins.
std::optional<Refusal> StreamRequest::ReadLastEventId() {
  if (std::optional<std::string> header = head_.Field("last-event-id"); header) {
    spec_.last_event_id = *std::move(header);
  } else if (const auto snake = target_.Query("last_event_id"); snake) {
    spec_.last_event_id = *snake;
  } else if (const auto camel = target_.Query("lastEventId"); camel) {
    spec_.last_event_id = *camel;
  }
  if (spec_.last_event_id.size() > kLastEventIdBytesMax) {
    return BadRequest(
        absl::StrCat("Last-Event-ID is longer than ", kLastEventIdBytesMax, " bytes"));
  }
  if (!IsPrintableAscii(spec_.last_event_id)) {
    return BadRequest("Last-Event-ID is not printable ASCII");
  }
  return std::nullopt;
}

std::optional<Refusal> StreamRequest::CheckDraining() const {
  if (!services_.draining) return std::nullopt;
  return Refusal{.reason = Reason::kDraining,
                 .status = 503,
                 .detail = "the bridge is shutting down; try again"};
}

std::optional<Refusal> StreamRequest::Admit() {
  if (auto refusal = CheckDraining()) return refusal;
  std::optional<SessionBound::Lease> lease = services_.streams.Take();
  if (!lease) return TooMany(503, "", services_.streams.limit());
  leases_.push_back(*std::move(lease));
  const std::string address = CountedAs(peer_.address);
  lease = services_.streams_of_address.Take(address);
  if (!lease) return TooMany(429, " from your address", services_.streams_of_address.limit());
  leases_.push_back(*std::move(lease));
  SessionRate& rate = services_.new_streams_of_address;
  if (const auto wait = rate.Take(address)) {
    return TooFast("from your address", rate.per_second(), *wait);
  }
  return std::nullopt;
}

std::optional<Refusal> StreamRequest::CheckStill() const {
  if (auto refusal = CheckDraining()) return refusal;
  const Revocations* revocations = services_.context.revocations;
  if (revocations == nullptr || question_ == nullptr) return std::nullopt;
  if (!revocations->AnySince(asked_at_, subject_, spec_.topics)) return std::nullopt;
  return Refusal{.reason = Reason::kDisconnected,
                 .status = 503,
                 .detail = "access was taken back while it was checked; try again"};
}

std::variant<AuthorizationRequest, Refusal> StreamRequest::Question() {
  // What is taken back from here on may be missing from the answer.
  if (services_.context.revocations != nullptr) asked_at_ = services_.context.revocations->Now();
  auto question = MakeQuestion(services_, AuthorizerOf(services_, *match_.route),
                               Action::kSubscribe, spec_.topics, head_, target_, peer_);
  if (auto* asked = std::get_if<AuthorizationRequest>(&question)) {
    asked->fills_subject = FillsSubjectBesideTopics(*match_.route);
    question_ = services_.questions.Share(*asked);
  }
  return question;
}

std::optional<Refusal> StreamRequest::Apply(const Decision& decision) {
  // The authorizer may have taken its time.
  if (auto refusal = CheckDraining()) return refusal;
  const absl::Time now = services_.context.clock->Now();
  if (auto refusal = CheckDecision(decision, now)) {
    return WithCookieHint(*std::move(refusal), services_, AuthorizerOf(services_, *match_.route),
                          head_, target_, peer_);
  }
  if (const absl::Status status = FillSubject(decision.subject, spec_.topics, filter_);
      !status.ok()) {
    return Refusal{
        .reason = Reason::kForbidden, .status = 403, .detail = std::string(status.message())};
  }
  if (!decision.subject.empty()) {
    std::optional<SessionBound::Lease> lease = services_.streams_of_subject.Take(decision.subject);
    if (!lease) return TooMany(429, " of yours", services_.streams_of_subject.limit());
    leases_.push_back(*std::move(lease));
    SessionRate& rate = services_.new_streams_of_subject;
    if (const auto wait = rate.Take(decision.subject)) {
      return TooFast("of yours", rate.per_second(), *wait);
    }
  }
  subject_ = decision.subject;
  spec_.view = MaskedView(match_.route->view, decision.masks);
  spec_.filter = ImposedFilter(filter_, decision);
  access_ = MakeStreamAccess(AuthorizerOf(services_, *match_.route), std::move(filter_), question_,
                             decision, services_.context.standing, now);
  return std::nullopt;
}

Response StreamRequest::StreamHead() const {
  Response response;
  response.fields = {{"Content-Type", "text/event-stream"},
                     {"Cache-Control", "no-cache, no-transform"},
                     {"X-Accel-Buffering", "no"}};
  response.stream = true;
  response.cors = match_.route->cors;
  return response;
}

SseSessionInit StreamRequest::Session() {
  SseSessionInit session;
  session.route = match_.route;
  Response head = StreamHead();
  if (head.cors) services_.cors.AddTo(head_.Field("origin").value_or(""), head.fields);
  // An HTTP/1.0 stream ends with its connection.
  const ResponseForm form{.http10 = head_.http10, .keep_alive = !head_.http10};
  session.head = FormatHead(head, form, services_.context.clock->Now());
  session.chunked = !head_.http10;
  session.subject = std::move(subject_);
  session.peer_address = peer_.address_and_port;
  session.access = std::move(access_);
  session.write_timeout = services_.options.write_timeout;
  session.lease = std::make_shared<std::vector<SessionBound::Lease>>(std::move(leases_));
  return session;
}

TopicStream StreamRequest::Grant() { return {Session(), std::move(spec_)}; }

CallStream StreamRequest::GrantCall(std::unique_ptr<OpenCall> call) {
  return {Session(), std::move(spec_.topics), std::move(spec_.filter), std::move(spec_.view),
          std::move(call)};
}

}  // namespace sluice
