#include "bridge/rpc/caller.h"

#include <grpc/grpc_security_constants.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "bridge/access/certificate_names.h"
#include "bridge/base/certificate_validity.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

// Generic: DNS names, URIs, addresses and mail addresses are all of them.
constexpr char kCertificateName[] = GRPC_X509_SAN_PROPERTY_NAME;
// What gRPC says instead of a name of another kind.
constexpr std::string_view kOtherKind = "other types of SAN";

constexpr std::string_view kBearer = "bearer ";

// Empty: there is none.
absl::StatusOr<std::string> MetadataOf(const grpc::ServerContextBase& context,
                                       const std::string& key) {
  const auto [first, last] = context.client_metadata().equal_range(key);
  if (first == last) return "";
  const std::string_view value(first->second.data(), first->second.size());
  if (std::next(first) != last || !IsUtf8(value)) {
    return absl::InvalidArgumentError(
        absl::StrCat("metadata '", key, "' stands twice or is not UTF-8"));
  }
  return std::string(value);
}

absl::StatusOr<std::string> CredentialOf(const grpc::ServerContextBase& context) {
  absl::StatusOr<std::string> value = MetadataOf(context, "authorization");
  if (value.ok() && absl::StartsWithIgnoreCase(*value, AsAbsl(kBearer))) {
    value->erase(0, kBearer.size());
  }
  return value;
}

CertificateValidity ValidityOf(const grpc::AuthContext& peer) {
  const auto certificates = peer.FindPropertyValues(GRPC_X509_PEM_CERT_PROPERTY_NAME);
  if (certificates.empty()) return ValidityOfPem("");
  return ValidityOfPem({certificates.front().data(), certificates.front().size()});
}

// Of the certificate that TLS has verified; none where none was shown. INVALID_ARGUMENT: they
// cannot be gone by.
//
// TLS looks at a certificate's time once, when it is shown: a connection may last for longer,
// and be resumed by a client that does not show it again.
absl::Status TellCertificate(const grpc::ServerContextBase& context, absl::Time now,
                             AuthorizationRequest* question) {
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr || !peer->IsPeerAuthenticated()) return absl::OkStatus();
  const CertificateValidity validity = ValidityOf(*peer);
  if (!validity.Covers(now)) return absl::OkStatus();
  std::vector<std::string> names;
  for (const grpc::string_ref& value : peer->FindPropertyValues(kCertificateName)) {
    const std::string_view name(value.data(), value.size());
    if (name != kOtherKind) names.emplace_back(name);
  }
  if (absl::Status status = CheckCertificateNames(names); !status.ok()) return status;
  question->certificate_names = std::move(names);
  question->certificate_expires_at = validity.until;
  return absl::OkStatus();
}

// A call does not say its method here: where an action has several, it is their first or
// their service.
const char* PathOf(Action action) {
  switch (action) {
    case Action::kSubscribe:
      return "/sluice.v1.Subscriber/Subscribe";
    case Action::kPublish:
      return "/sluice.v1.Publisher/Publish";
    case Action::kReadStats:
      return "/sluice.v1.Admin/GetStats";
    case Action::kAdminister:
      return "/sluice.v1.Admin";
    case Action::kReflect:
      return "/grpc.reflection.v1.ServerReflection";
  }
  return "";
}

const char* SchemeOf(const grpc::ServerContextBase& context) {
  const std::shared_ptr<const grpc::AuthContext> peer = context.auth_context();
  if (peer == nullptr) return "http";
  const auto kinds = peer->FindPropertyValues(GRPC_TRANSPORT_SECURITY_TYPE_PROPERTY_NAME);
  const bool secure =
      std::find(kinds.begin(), kinds.end(), GRPC_SSL_TRANSPORT_SECURITY_TYPE) != kinds.end();
  return secure ? "https" : "http";
}

// A status travels in the trailers, of which a client takes 8 KiB.
constexpr size_t kMessageBytesMax = 1024;
constexpr size_t kTopicsNamedMax = 4;

std::string TopicsNamed(const std::vector<std::string>& topics) {
  const size_t named = std::min(topics.size(), kTopicsNamedMax);
  std::string text =
      absl::StrJoin(topics.begin(), topics.begin() + static_cast<ptrdiff_t>(named), ", ");
  if (named < topics.size()) absl::StrAppend(&text, " and ", topics.size() - named, " more");
  return text;
}

std::string Because(absl::string_view what, const std::string& reason) {
  return reason.empty() ? std::string(what) : absl::StrCat(what, ": ", reason);
}

}  // namespace

std::string PeerAddress(const grpc::ServerContextBase& context) {
  const std::string peer = context.peer();
  const size_t colon = peer.find(':');
  if (peer.starts_with("ipv4:")) return peer.substr(colon + 1);
  if (peer.starts_with("ipv6:")) {
    return absl::StrReplaceAll(peer.substr(colon + 1), {{"%5B", "["}, {"%5D", "]"}, {"%25", "%"}});
  }
  return peer;
}

absl::StatusOr<AuthorizationRequest> MakeQuestion(const grpc::ServerContextBase& context,
                                                  const Authorizer& authorizer, Action action,
                                                  std::vector<std::string> topics, absl::Time now) {
  AuthorizationRequest question;
  question.action = action;
  question.topics = std::move(topics);
  absl::StatusOr<std::string> credential = CredentialOf(context);
  if (!credential.ok()) return credential.status();
  question.credential = *std::move(credential);
  for (const std::string& name : authorizer.wants().headers) {
    absl::StatusOr<std::string> value = MetadataOf(context, name);
    if (!value.ok()) return value.status();
    if (!value->empty()) question.headers[name] = *std::move(value);
  }
  if (authorizer.wants().certificate_names) {
    const absl::Status told = TellCertificate(context, now, &question);
    if (!told.ok()) return told;
  }
  if (authorizer.wants().request) {
    question.request = {.method = "POST", .path = PathOf(action), .scheme = SchemeOf(context)};
  }
  if (authorizer.wants().peer_address) question.peer_address = PeerAddress(context);
  return question;
}

absl::Status ToStatus(const Decision& decision) {
  switch (decision.verdict) {
    case Decision::Verdict::kAllow:
      return absl::OkStatus();
    case Decision::Verdict::kUnauthenticated:
      return absl::UnauthenticatedError(
          Because("a valid credential is required (`authorization` metadata)", decision.reason));
    case Decision::Verdict::kForbidden: {
      const std::string topics = TopicsNamed(decision.denied_topics);
      return absl::PermissionDeniedError(Because(topics.empty()
                                                     ? "this is not allowed to you"
                                                     : absl::StrCat("not allowed to you: ", topics),
                                                 decision.reason));
    }
    case Decision::Verdict::kError:
      break;
  }
  return absl::UnavailableError("access cannot be checked now; try again");
}

Reason ReasonOf(const Decision& denial) {
  switch (denial.verdict) {
    case Decision::Verdict::kUnauthenticated:
      return Reason::kUnauthenticated;
    case Decision::Verdict::kForbidden:
      return Reason::kForbidden;
    default:
      return Reason::kAuthorizerAway;
  }
}

grpc::Status ToGrpc(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  std::string message(status.message().substr(0, kMessageBytesMax));
  while (!message.empty() && !IsUtf8(message)) message.pop_back();
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::move(message));
}

}  // namespace sluice
