#include "bridge/access/revocations.h"

#include <algorithm>
#include <utility>

#include "bridge/base/text.h"

namespace sluice {
namespace {

// So many of one subject, or of all where none is known, are looked through.
constexpr size_t kLookedThroughMax = 1024;
// Of one more byte of a pattern's text: a segment may be as short as that.
constexpr size_t kPatternFactor = 24;

size_t BytesOf(const Revocation& revocation) {
  const size_t pattern = revocation.pattern ? revocation.pattern->text().size() : 0;
  return 300 + 2 * revocation.subject.size() + revocation.topic.size() + kPatternFactor * pattern;
}

}  // namespace

bool Revocation::Hits(std::string_view of_subject, std::span<const std::string> topics,
                      std::string_view of_subscriber_id) const {
  if (!subject.empty() && subject != of_subject) return false;
  if (!subscriber_id.empty() && subscriber_id != of_subscriber_id) return false;
  return HitsTopics(topics);
}

bool Revocation::HitsTopics(std::span<const std::string> topics) const {
  // It may be one topic that is named and another that the pattern fits.
  if (!topic.empty() && std::find(topics.begin(), topics.end(), topic) == topics.end()) {
    return false;
  }
  return !pattern || std::any_of(topics.begin(), topics.end(),
                                 [this](const std::string& t) { return pattern->Matches(t); });
}

Revocations::Moment Revocations::Now() const {
  MutexLock lock(&mutex_);
  return now_;
}

void Revocations::Add(Revocation revocation) {
  revocation.reason = {};
  MutexLock lock(&mutex_);
  Entry entry{.moment = ++now_, .earlier = 0, .revocation = std::move(revocation)};
  if (entry.revocation.subject.empty()) {
    others_.push_back(std::move(entry));
    if (others_.size() <= kOthersMax) return;
    known_from_ = std::max(known_from_, others_.front().moment);
    others_.pop_front();
    return;
  }
  const uint64_t number = forgotten_named_ + named_.size() + 1;
  entry.earlier = std::exchange(latest_[entry.revocation.subject], number);
  named_bytes_ += BytesOf(entry.revocation);
  named_.push_back(std::move(entry));
  while (named_.size() > kNamedMax || named_bytes_ > kNamedBytesMax) ForgetNamed();
}

bool Revocations::AnySince(Moment moment, std::string_view subject,
                           std::span<const std::string> topics, Unnamed unnamed) const {
  MutexLock lock(&mutex_);
  if (moment == now_) return false;
  if (moment < known_from_) return true;
  for (auto it = others_.rbegin(); it != others_.rend() && it->moment > moment; ++it) {
    if (it->revocation.Hits(subject, topics)) return true;
  }
  if (!subject.empty()) return NamedSince(moment, subject, topics);
  return unnamed == Unnamed::kAnybody && AnyNamedSince(moment, topics);
}

Revocations::Moment Revocations::Mark() {
  MutexLock lock(&mutex_);
  return ++now_;
}

void Revocations::DoubtBefore(Moment moment) {
  MutexLock lock(&mutex_);
  known_from_ = std::max(known_from_, std::min(moment, now_));
}

// From the latest one of the subject to those before it.
bool Revocations::NamedSince(Moment moment, std::string_view subject,
                             std::span<const std::string> topics) const {
  const auto latest = latest_.find(AsAbsl(subject));
  if (latest == latest_.end()) return false;
  size_t looked_through = 0;
  for (uint64_t number = latest->second; number > forgotten_named_;) {
    const Entry& entry = named_[number - forgotten_named_ - 1];
    if (entry.moment <= moment) return false;
    if (++looked_through > kLookedThroughMax || entry.revocation.Hits(subject, topics)) return true;
    number = entry.earlier;
  }
  return false;
}

bool Revocations::AnyNamedSince(Moment moment, std::span<const std::string> topics) const {
  size_t looked_through = 0;
  for (auto it = named_.rbegin(); it != named_.rend() && it->moment > moment; ++it) {
    if (++looked_through > kLookedThroughMax) return true;
    if (it->revocation.subscriber_id.empty() && it->revocation.HitsTopics(topics)) return true;
  }
  return false;
}

// The first one.
void Revocations::ForgetNamed() {
  const Entry& first = named_.front();
  known_from_ = std::max(known_from_, first.moment);
  named_bytes_ -= BytesOf(first.revocation);
  ++forgotten_named_;
  const auto latest = latest_.find(first.revocation.subject);
  if (latest != latest_.end() && latest->second == forgotten_named_) latest_.erase(latest);
  named_.pop_front();
}

}  // namespace sluice
