#include "bridge/access/revocations.h"

#include <algorithm>
#include <utility>

namespace sluice {

bool Revocation::Hits(std::string_view of_subject, std::span<const std::string> topics,
                      std::string_view of_subscriber_id) const {
  if (!subject.empty() && subject != of_subject) return false;
  if (!subscriber_id.empty() && subscriber_id != of_subscriber_id) return false;
  // It may be one topic that is named and another that the pattern fits.
  if (!topic.empty() && std::find(topics.begin(), topics.end(), topic) == topics.end()) {
    return false;
  }
  return !pattern || std::any_of(topics.begin(), topics.end(),
                                 [this](const std::string& t) { return pattern->Matches(t); });
}

Revocations::Moment Revocations::Now() const {
  MutexLock lock(&mutex_);
  return added_;
}

void Revocations::Add(Revocation revocation) {
  MutexLock lock(&mutex_);
  ++added_;
  recent_.push_back(std::move(revocation));
  if (recent_.size() > kRememberedMax) recent_.pop_front();
}

bool Revocations::AnySince(Moment moment, std::string_view subject,
                           std::span<const std::string> topics) const {
  MutexLock lock(&mutex_);
  const uint64_t since = added_ - moment;
  if (since > recent_.size()) return true;
  return std::any_of(recent_.end() - static_cast<ptrdiff_t>(since), recent_.end(),
                     [&](const Revocation& r) { return r.Hits(subject, topics); });
}

}  // namespace sluice
