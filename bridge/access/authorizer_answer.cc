#include "bridge/access/authorizer_answer.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/access/answer_parts.h"
#include "bridge/access/decisions.h"
#include "sluice/v1/authorizer.pb.h"

namespace sluice {
namespace {

constexpr int64_t kExpirySecondsMax = 253'402'300'799;  // year 9999

absl::StatusOr<FieldMasksPtr> MasksOf(const v1::AuthorizeResponse& answer) {
  std::vector<FieldMasks::Mask> masks;
  for (const v1::FieldMask& mask : answer.field_masks()) {
    masks.push_back({mask.event_type(), {mask.paths().begin(), mask.paths().end()}});
  }
  return FieldMasks::Make(std::move(masks));
}

// False: it is none.
bool TakeTime(const google::protobuf::Timestamp& stamp, absl::Time* time) {
  if (stamp.seconds() > kExpirySecondsMax) return false;
  *time = absl::FromUnixSeconds(stamp.seconds()) + absl::Nanoseconds(stamp.nanos());
  return true;
}

Decision Allowed(const v1::AuthorizeResponse& answer, absl::Time now) {
  if (!IsSubject(answer.subject())) {
    return NoDecision(absl::StrCat("`subject` is longer than ", kSubjectBytesMax,
                                   " bytes or holds control characters"));
  }
  Decision decision;
  decision.verdict = Decision::Verdict::kAllow;
  decision.subject = answer.subject();
  if (answer.has_expires_at() && !TakeTime(answer.expires_at(), &decision.expires_at)) {
    return NoDecision("`expires_at` is no time");
  }
  if (answer.has_credential_expires_at() &&
      !TakeTime(answer.credential_expires_at(), &decision.credential_expires_at)) {
    return NoDecision("`credential_expires_at` is no time");
  }
  decision.expires_at = std::min(decision.expires_at, decision.credential_expires_at);
  if (decision.expires_at <= now) {
    return Denial(Decision::Verdict::kUnauthenticated, "the credential has expired");
  }
  decision.attributes.assign(answer.attributes().begin(), answer.attributes().end());
  std::sort(decision.attributes.begin(), decision.attributes.end());
  decision.event_types.assign(answer.event_types().begin(), answer.event_types().end());
  absl::StatusOr<FieldMasksPtr> masks = MasksOf(answer);
  if (!masks.ok()) {
    return NoDecision(absl::StrCat("`field_masks`: ", masks.status().message()));
  }
  decision.masks = *std::move(masks);
  return decision;
}

Decision Denied(Decision::Verdict verdict, const v1::AuthorizeResponse& answer) {
  Decision decision = Denial(verdict, ReasonFrom(answer.reason()));
  decision.denied_topics.assign(answer.denied_topics().begin(), answer.denied_topics().end());
  return decision;
}

}  // namespace

Decision DecisionFromAnswer(const v1::AuthorizeResponse& answer, absl::Time now) {
  switch (answer.decision()) {
    case v1::DECISION_ALLOW:
      if (answer.denied_topics().empty()) return Allowed(answer, now);
      // It says both: the narrower word counts.
      return Denied(Decision::Verdict::kForbidden, answer);
    case v1::DECISION_DENY_UNAUTHENTICATED:
      return Denied(Decision::Verdict::kUnauthenticated, answer);
    case v1::DECISION_DENY_FORBIDDEN:
      return Denied(Decision::Verdict::kForbidden, answer);
    case v1::DECISION_ERROR:
      return Denied(Decision::Verdict::kError, answer);
    default:  // one of a later version, or none
      return NoDecision("`decision` is none that this bridge knows");
  }
}

}  // namespace sluice
