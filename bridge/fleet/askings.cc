#include "bridge/fleet/askings.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

absl::Status StatusOf(const fleet::v1::Answer& answer) {
  if (answer.refused().empty()) return absl::OkStatus();
  return absl::UnavailableError(answer.refused());
}

}  // namespace

uint64_t Askings::Begin(const Members& members, Terms terms, Fleet::AskDone done) {
  const uint64_t number = ++last_;
  Asking& asking = open_[number];
  asking.done = std::move(done);
  for (const auto& [id, known] : members.all()) {
    const char* why = "has not answered in time";
    if (!terms.reached.ok()) {
      why = "was not asked";
    } else if (known.silent) {
      why = "is silent";
    } else {
      asking.waits_for.insert(id);
    }
    asking.others[id] = {.member = known.member, .status = absl::UnavailableError(why)};
  }
  asking.terms = std::move(terms);
  return number;
}

void Askings::AnsweredHere(uint64_t number, fleet::v1::Answer answer, absl::Time now) {
  const auto found = open_.find(number);
  if (found == open_.end()) return;
  found->second.here = std::move(answer);
  EndIfOver(found, now);
}

void Askings::Answered(const fleet::v1::Member& from, fleet::v1::Answer answer, absl::Time now) {
  const auto found = open_.find(answer.number());
  if (found == open_.end()) return;
  auto& others = found->second.others;
  const auto other = others.find(from.id());
  if (other == others.end()) {
    if (others.size() >= Members::kMax) return;
  } else if (other->second.status.ok() || other->second.answer.number() != 0) {
    return;  // it has answered before
  }
  found->second.waits_for.erase(from.id());
  MemberAnswer& said = others[from.id()];
  said.member = from;
  said.status = StatusOf(answer);
  said.answer = std::move(answer);
  EndIfOver(found, now);
}

void Askings::Tick(absl::Time now) {
  for (auto it = open_.begin(); it != open_.end();) EndIfOver(it++, now);
}

void Askings::Unreached(const absl::Status& why, absl::Time now) {
  for (auto& [number, asking] : open_) asking.terms.reached.Update(why);
  Tick(now);
}

void Askings::EndAll(const absl::Status& why) {
  Open open;
  open.swap(open_);
  for (auto& [number, asking] : open) {
    asking.terms.reached.Update(why);
    End(std::move(asking));
  }
}

bool Askings::IsOver(const Asking& asking, absl::Time now) const {
  if (now >= asking.terms.until) return true;
  if (!asking.here) return false;
  if (!asking.terms.reached.ok()) return true;
  return asking.waits_for.empty() && now >= asking.terms.not_before;
}

void Askings::EndIfOver(Open::iterator asking, absl::Time now) {
  if (!IsOver(asking->second, now)) return;
  Asking over = std::move(asking->second);
  open_.erase(asking);
  End(std::move(over));
}

void Askings::End(Asking asking) const {
  FleetAnswer answer{.reached = std::move(asking.terms.reached)};
  MemberAnswer here{.member = own_()};
  here.status =
      asking.here ? StatusOf(*asking.here) : absl::UnavailableError("has not answered in time");
  if (asking.here) here.answer = *std::move(asking.here);
  answer.members.push_back(std::move(here));
  for (auto& [id, other] : asking.others) answer.members.push_back(std::move(other));
  asking.done(std::move(answer));
}

}  // namespace sluice
