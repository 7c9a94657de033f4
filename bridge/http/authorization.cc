#include "bridge/http/authorization.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/access/authorizers.h"
#include "bridge/base/clock.h"
#include "bridge/base/logged_path.h"
#include "bridge/base/utf8.h"
#include "bridge/http/await.h"
#include "bridge/http/cookie_origin.h"
#include "bridge/http/credentials.h"
#include "bridge/http/request_line.h"

namespace sluice {
namespace {

constexpr char kCookie[] = "cookie";

Refusal BadRequest(absl::string_view detail) {
  return {.reason = Reason::kBadRequest, .status = 400, .detail = std::string(detail)};
}

absl::StatusOr<std::string> FindCredential(const HttpServices& services, const RequestHead& head,
                                           const RequestTarget& target, bool with_cookies) {
  const HttpOptions& options = services.options;
  return CredentialOf(head, target, options.credential_query_parameters,
                      with_cookies ? options.credential_cookies : std::vector<std::string>());
}

// Whether the cookies that came with a request would tell the authorizer more.
bool CookiesTellMore(const HttpServices& services, const Authorizer& authorizer,
                     const RequestHead& head, const RequestTarget& target) {
  const std::vector<std::string>& headers = authorizer.wants().headers;
  const bool wanted = std::find(headers.begin(), headers.end(), kCookie) != headers.end();
  if (wanted && head.Field(kCookie)) return true;
  const auto without = FindCredential(services, head, target, false);
  const auto with = FindCredential(services, head, target, true);
  return without.ok() && with.ok() && *without != *with;
}

// What the authorizer said goes to the client; nothing where it said nothing.
std::string Detail(absl::string_view what, const std::string& reason) {
  return reason.empty() ? std::string(what) : absl::StrCat(what, ": ", reason);
}

}  // namespace

Authorizer& AuthorizerOf(const HttpServices& services, const Route& route) {
  const HttpContext& context = services.context;
  if (route.authorizer.empty()) return *context.authorizer;
  return context.authorizers->Find(route.authorizer);
}

std::variant<AuthorizationRequest, Refusal> MakeQuestion(
    const HttpServices& services, const Authorizer& authorizer, Action action,
    std::vector<std::string> topics, const RequestHead& head, const RequestTarget& target,
    const Peer& peer) {
  AuthorizationRequest question;
  question.action = action;
  question.topics = std::move(topics);
  const bool cookies = CheckCookieOrigin(head, services.cors, peer.secure).ok();
  auto credential = FindCredential(services, head, target, cookies);
  if (!credential.ok()) return BadRequest(credential.status().message());
  question.credential = *std::move(credential);
  for (const std::string& name : authorizer.wants().headers) {
    // Where they count for nothing, they are not to be told in another way, either.
    if (name == kCookie && !cookies) continue;
    std::optional<std::string> value = head.Field(name);
    if (!value) continue;
    if (!IsUtf8(*value)) return BadRequest(absl::StrCat("header '", name, "' is not UTF-8"));
    question.headers[name] = *std::move(value);
  }
  // (TLS has looked at its time once, when the connection began.)
  if (authorizer.wants().certificate_names &&
      peer.certificate_validity.Covers(services.context.clock->Now())) {
    if (!peer.certificate_names.ok()) return BadRequest(peer.certificate_names.status().message());
    question.certificate_names = *peer.certificate_names;
    question.certificate_expires_at = peer.certificate_validity.until;
  }
  if (authorizer.wants().request) {
    auto line = RequestLineOf(head, peer.secure, services.options.credential_query_parameters);
    if (!line) return BadRequest("the request's target or Host is not UTF-8");
    question.request = *std::move(line);
  }
  if (authorizer.wants().peer_address) question.peer_address = peer.address_and_port;
  return question;
}

boost::asio::awaitable<std::variant<Decision, Refusal>> Ask(
    Authorizer& authorizer, std::variant<AuthorizationRequest, Refusal> question) {
  if (auto* refusal = std::get_if<Refusal>(&question)) co_return std::move(*refusal);
  auto ask = [&authorizer, &question](Authorizer::Done done) {
    authorizer.Authorize(std::get<AuthorizationRequest>(std::move(question)), std::move(done));
  };
  Decision decision = co_await AwaitCallback<Decision>(std::move(ask));
  co_return decision;
}

std::optional<Refusal> CheckDecision(const Decision& decision, absl::Time now) {
  switch (decision.verdict) {
    case Decision::Verdict::kAllow:
      if (decision.expires_at > now) return std::nullopt;
      return Refusal{.reason = Reason::kUnauthenticated,
                     .status = 401,
                     .detail = "the credential has expired"};
    case Decision::Verdict::kUnauthenticated:
      return Refusal{.reason = Reason::kUnauthenticated,
                     .status = 401,
                     .detail = Detail("a valid credential is required", decision.reason)};
    case Decision::Verdict::kForbidden: {
      const std::string what =
          decision.denied_topics.empty()
              ? "this is not allowed to you"
              : absl::StrCat("not allowed to you: ", absl::StrJoin(decision.denied_topics, ", "));
      std::string detail = Detail(what, decision.reason);
      std::string logged = LoggedMessage(detail, decision.denied_topics);
      return Refusal{.reason = Reason::kForbidden,
                     .status = 403,
                     .detail = std::move(detail),
                     .denied_topics = decision.denied_topics,
                     .cause = std::move(logged)};
    }
    case Decision::Verdict::kError:
      break;
  }
  // Its reason may name addresses of ours: it is for the log, not for clients.
  return Refusal{.reason = Reason::kAuthorizerAway,
                 .status = 503,
                 .detail = "access cannot be checked now; try again",
                 .cause = decision.reason};
}

Refusal WithCookieHint(Refusal refusal, const HttpServices& services, const Authorizer& authorizer,
                       const RequestHead& head, const RequestTarget& target, const Peer& peer) {
  if (refusal.status != 401) return refusal;
  const absl::Status cookies = CheckCookieOrigin(head, services.cors, peer.secure);
  if (cookies.ok() || !CookiesTellMore(services, authorizer, head, target)) return refusal;
  absl::StrAppend(&refusal.detail, "; ", cookies.message());
  return refusal;
}

}  // namespace sluice
