#include "bridge/access/ext_authz_answer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/access/answer_parts.h"
#include "bridge/access/check_metadata.h"
#include "bridge/access/decisions.h"
#include "bridge/base/text.h"
#include "envoy/service/auth/v3/external_auth.pb.h"

namespace sluice {
namespace {

namespace auth = envoy::service::auth::v3;
using Verdict = Decision::Verdict;

constexpr int kUnauthenticatedCode = 16;  // google.rpc.Code
constexpr char kOurKey[] = "sluice";

Verdict VerdictOf(const auth::CheckResponse& answer) {
  if (answer.has_denied_response()) {
    const int status = answer.denied_response().status().code();
    if (status == 401) return Verdict::kUnauthenticated;
    return status >= 500 ? Verdict::kError : Verdict::kForbidden;
  }
  return answer.status().code() == kUnauthenticatedCode ? Verdict::kUnauthenticated
                                                        : Verdict::kForbidden;
}

Decision Denied(const auth::CheckResponse& answer) {
  const std::string& body = answer.denied_response().body();
  return Denial(VerdictOf(answer), ReasonFrom(body.empty() ? answer.status().message() : body));
}

// False: it is there twice.
bool TakeSubject(const auth::OkHttpResponse& ok, std::string_view header, std::string* subject) {
  bool found = false;
  for (const auto& option : ok.headers()) {
    if (!absl::EqualsIgnoreCase(option.header().key(), AsAbsl(header))) continue;
    if (found) return false;
    found = true;
    *subject =
        option.header().value().empty() ? option.header().raw_value() : option.header().value();
  }
  return true;
}

// What the metadata holds for us; null: nothing. False: it is there twice.
bool FindOurs(const auth::CheckResponse& answer, const google::protobuf::Value** ours) {
  *ours = nullptr;
  for (const auto* metadata :
       {&answer.dynamic_metadata(), &answer.ok_response().dynamic_metadata()}) {
    const auto found = metadata->fields().find(kOurKey);
    if (found == metadata->fields().end()) continue;
    if (*ours != nullptr) return false;
    *ours = &found->second;
  }
  return true;
}

Decision Allowed(const auth::CheckResponse& answer, std::string_view subject_header,
                 absl::Time now) {
  Decision decision;
  decision.verdict = Verdict::kAllow;
  std::string of_header;
  if (!TakeSubject(answer.ok_response(), subject_header, &of_header)) {
    return NoDecision("the subject's header is there twice");
  }
  const google::protobuf::Value* ours = nullptr;
  if (!FindOurs(answer, &ours)) return NoDecision("`sluice` is there twice in its metadata");
  if (ours != nullptr) {
    if (const absl::Status status = TakeMetadata(*ours, &decision); !status.ok()) {
      return NoDecision(absl::StrCat("dynamic_metadata: sluice", status.message()));
    }
  }
  if (decision.subject.empty()) decision.subject = of_header;
  if (!of_header.empty() && decision.subject != of_header) {
    return NoDecision("header and metadata name different subjects");
  }
  if (!IsSubject(decision.subject)) {
    return NoDecision(absl::StrCat("the subject is longer than ", kSubjectBytesMax,
                                   " bytes or no printable text"));
  }
  decision.expires_at = std::min(decision.expires_at, decision.credential_expires_at);
  if (decision.expires_at <= now) {
    return Denial(Verdict::kUnauthenticated, "the credential has expired");
  }
  return decision;
}

}  // namespace

Decision DecisionFromCheck(const auth::CheckResponse& answer, std::string_view subject_header,
                           absl::Time now) {
  // (An empty message would be OK by its fields' defaults.)
  if (!answer.has_status() &&
      answer.http_response_case() == auth::CheckResponse::HTTP_RESPONSE_NOT_SET) {
    return NoDecision("it is empty");
  }
  if (answer.status().code() != 0) return Denied(answer);
  if (answer.has_denied_response()) return NoDecision("it both allows and denies");
  return Allowed(answer, subject_header, now);
}

}  // namespace sluice
