#include "bridge/rpc/caller.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

constexpr std::string_view kBearer = "bearer ";

// Empty: there is none, or none that can be passed on.
std::string MetadataOf(const grpc::ServerContextBase& context, const std::string& key) {
  const auto entry = context.client_metadata().find(key);
  if (entry == context.client_metadata().end()) return "";
  const std::string_view value(entry->second.data(), entry->second.size());
  return IsUtf8(value) ? std::string(value) : "";
}

std::string CredentialOf(const grpc::ServerContextBase& context) {
  std::string value = MetadataOf(context, "authorization");
  if (absl::StartsWithIgnoreCase(value, AsAbsl(kBearer))) value.erase(0, kBearer.size());
  return value;
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

AuthorizationRequest MakeQuestion(const grpc::ServerContextBase& context,
                                  const Authorizer& authorizer, Action action,
                                  std::vector<std::string> topics) {
  AuthorizationRequest question;
  question.action = action;
  question.topics = std::move(topics);
  question.credential = CredentialOf(context);
  for (const std::string& name : authorizer.headers()) {
    std::string value = MetadataOf(context, name);
    if (!value.empty()) question.headers[name] = std::move(value);
  }
  if (authorizer.wants_peer_address()) question.peer_address = PeerAddress(context);
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
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      std::string(status.message().substr(0, kMessageBytesMax)));
}

}  // namespace sluice
