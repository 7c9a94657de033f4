#include "bridge/access/decisions.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "bridge/event/field_masks.h"

namespace sluice {
namespace {

// Sorted; the types that both name, where both name some.
std::vector<std::string> TypesOfBoth(std::vector<std::string> one, std::vector<std::string> other) {
  std::sort(one.begin(), one.end());
  std::sort(other.begin(), other.end());
  if (one.empty() || other.empty()) return one.empty() ? other : one;
  std::vector<std::string> both;
  std::set_intersection(one.begin(), one.end(), other.begin(), other.end(),
                        std::back_inserter(both));
  return both;
}

// (One key with two values: no event has both, so nothing passes.)
Attributes AttributesOfBoth(Attributes one, const Attributes& other) {
  one.insert(one.end(), other.begin(), other.end());
  std::sort(one.begin(), one.end());
  one.erase(std::unique(one.begin(), one.end()), one.end());
  return one;
}

}  // namespace

Decision Denial(Decision::Verdict verdict, std::string reason) {
  Decision denial;
  denial.verdict = verdict;
  denial.reason = std::move(reason);
  return denial;
}

bool NamesSubject(const std::vector<std::string>& topics) {
  return std::any_of(topics.begin(), topics.end(), [](const std::string& topic) {
    return topic.find("{subject}") != std::string::npos;
  });
}

Decision AllowedByBoth(Decision first, Decision then, const AuthorizationRequest& question) {
  // The first has allowed what is its own subject's only.
  if (!first.subject.empty() && !then.subject.empty() && first.subject != then.subject &&
      (question.fills_subject || NamesSubject(question.topics))) {
    return Denial(Decision::Verdict::kForbidden, "the authorizers name different subjects");
  }
  Decision both;
  both.verdict = Decision::Verdict::kAllow;
  both.reason = std::move(then.reason);
  both.subject = std::move(then.subject.empty() ? first.subject : then.subject);
  both.expires_at = std::min(first.expires_at, then.expires_at);
  both.credential_expires_at = std::min(first.credential_expires_at, then.credential_expires_at);
  both.attributes = AttributesOfBoth(std::move(first.attributes), then.attributes);
  const bool any_type = first.event_types.empty() && then.event_types.empty();
  both.event_types = TypesOfBoth(std::move(first.event_types), std::move(then.event_types));
  if (both.event_types.empty() && !any_type) {
    // An empty list would mean every type.
    return Denial(Decision::Verdict::kForbidden, "no event type is left that all allow");
  }
  both.masks = FieldMasks::Both(first.masks, then.masks);
  return both;
}

}  // namespace sluice
