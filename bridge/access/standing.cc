#include "bridge/access/standing.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

// Of what is left of an answer, when it is asked for again.
constexpr double kEarliest = 0.5;
constexpr double kLatest = 0.9;
// Of a doubt's time: what is in doubt may be settling yet.
constexpr double kSoonest = 0.1;
// Ticks come about once a second: there is one left before the end.
constexpr absl::Duration kLead = absl::Seconds(2);
// Between questions that were not answered: twice as long each time.
constexpr absl::Duration kPauseMin = absl::Seconds(1);
constexpr absl::Duration kPauseMax = absl::Seconds(15);
constexpr uint8_t kDoublingsMax = 4;

}  // namespace

absl::Time HoldsUntil(const Decision& decision, const StandingPolicy& policy, absl::Time now) {
  const absl::Time ends_at = std::min(decision.expires_at, decision.credential_expires_at);
  const bool bounded = policy.max_age > absl::ZeroDuration();
  return bounded ? std::min(ends_at, now + policy.max_age) : ends_at;
}

Standing::Standing(Question question, const Decision& decision, const StandingPolicy& policy,
                   absl::Time now, uint64_t seed)
    : question_(std::move(question)),
      policy_(policy),
      random_(static_cast<std::minstd_rand::result_type>(seed)),
      imposed_(ImposedBy(decision)) {
  Take(decision, now);
}

std::unique_ptr<const Standing::Imposed> Standing::ImposedBy(const Decision& decision) {
  Imposed imposed{decision.attributes, decision.event_types,
                  decision.masks == nullptr ? std::string() : decision.masks->key()};
  if (imposed == Imposed()) return nullptr;
  return std::make_unique<const Imposed>(std::move(imposed));
}

void Standing::Take(const Decision& decision, absl::Time now) {
  ends_at_ = HoldsUntil(decision, policy_, now);
  credential_ends_at_ = decision.credential_expires_at;
  // (The next answer must be of after this one.)
  fresh_from_ = now + absl::Nanoseconds(1);
  failures_ = 0;
  if (ends_at_ == absl::InfiniteFuture()) {
    ask_at_ = absl::InfiniteFuture();
    return;
  }
  const absl::Duration left = ends_at_ - now;
  ask_at_ = std::min(now + Some(left, kEarliest, kLatest), ends_at_ - std::min(kLead, left / 2));
}

Standing::Due Standing::OnTick(absl::Time now) {
  const absl::Time over_at =
      final_ ? ends_at_ : std::min(ends_at_ + policy_.grace, credential_ends_at_);
  if (over_at <= now) return Due::kOver;
  if (open_ || ask_at_ > now) return Due::kNothing;
  open_ = true;
  outdated_ = false;
  return Due::kAsk;
}

AuthorizationRequest Standing::question() const {
  AuthorizationRequest question = *question_;
  question.answered_after = fresh_from_;
  return question;
}

Standing::Answer Standing::Answered(const Decision& decision, std::string_view subject,
                                    absl::Time now) {
  open_ = false;
  if (decision.verdict == Decision::Verdict::kError) {
    failures_ = std::min<uint8_t>(failures_ + 1, kDoublingsMax + 1);
    const absl::Duration pause = std::min(kPauseMin * (1 << (failures_ - 1)), kPauseMax);
    if (!outdated_) ask_at_ = now + Some(pause, kEarliest, 1.0);
    return Answer::kNone;
  }
  if (!decision.allowed() || HoldsUntil(decision, policy_, now) <= now) return Answer::kRefused;
  if (decision.subject != subject) return Answer::kAnotherOne;

  const absl::Time ended_at = ends_at_;
  const absl::Time ask_at = ask_at_;
  const absl::Time fresh_from = fresh_from_;
  Take(decision, now);
  final_ = ends_at_ == ended_at;
  if (final_) ask_at_ = absl::InfiniteFuture();
  if (outdated_) {  // somebody wanted a newer one than this
    ask_at_ = std::min(ask_at_, ask_at);
    fresh_from_ = fresh_from;
  }
  std::unique_ptr<const Imposed> imposed = ImposedBy(decision);
  const bool same =
      imposed == nullptr || imposed_ == nullptr ? imposed == imposed_ : *imposed == *imposed_;
  imposed_ = std::move(imposed);
  return same ? Answer::kStays : Answer::kChanged;
}

void Standing::AskSoon(absl::Time now, absl::Duration within) {
  ask_at_ = std::min(ask_at_, now + Some(within, kSoonest, 1.0));
  fresh_from_ = now + absl::Nanoseconds(1);
  outdated_ = open_;
}

absl::Duration Standing::Some(absl::Duration whole, double from, double to) {
  return whole * std::uniform_real_distribution<double>(from, to)(random_);
}

}  // namespace sluice
