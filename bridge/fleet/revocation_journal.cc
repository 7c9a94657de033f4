#include "bridge/fleet/revocation_journal.h"

#include <algorithm>
#include <utility>

#include "bridge/fleet/proto_time.h"

namespace sluice {
namespace {

// Of the others: this member's own has its place in any case.
constexpr size_t kOthersMax = RevocationJournal::kOriginsMax - 1;
// So many are known for as long as their members run.
constexpr size_t kOthersUncounted = kOthersMax / 2;

absl::Duration ReadAge(const google::protobuf::Duration& age) {
  return std::min(FromProto(age), RevocationJournal::kAgeMax);
}

google::protobuf::Duration AgeOf(absl::Time made_at, absl::Time now) {
  return ToProto(std::clamp(now - made_at, absl::ZeroDuration(), RevocationJournal::kAgeMax));
}

}  // namespace

fleet::v1::Revocation RevocationJournal::AddOwn(fleet::v1::Revocation revocation, absl::Time now) {
  Origin& own = origins_[own_];
  revocation.set_origin(own_);
  revocation.set_number(own.through + 1);
  revocation.clear_age();
  Keep(&own, revocation, now);
  return revocation;
}

RevocationJournal::Told RevocationJournal::Add(const fleet::v1::Revocation& revocation,
                                               absl::Time now) {
  // (What others say that this member took back is known here, or not true.)
  if (revocation.origin() == own_) return Told::kKnown;
  const absl::Time made_at = now - ReadAge(revocation.age());
  const bool before_ours = made_at + kLeeway < began_;
  Origin* origin = Find(revocation.origin());
  if (origin == nullptr) return before_ours ? Told::kKnown : Told::kNoRoom;
  const uint64_t number = revocation.number();
  if (origin->kept.contains(number)) return Told::kKnown;
  if (number <= origin->through) return before_ours ? Told::kKnown : Told::kPassed;
  Keep(origin, revocation, made_at);
  return before_ours ? Told::kBeforeOurs : Told::kNew;
}

void RevocationJournal::Believe(const std::string& id, const KnownList& its) {
  const auto found = id == own_ ? origins_.end() : origins_.find(id);
  if (found == origins_.end()) return;
  const auto own =
      std::find_if(its.begin(), its.end(), [&](const auto& known) { return known.origin() == id; });
  const uint64_t through = own == its.end() ? 0 : own->through();
  Origin& origin = found->second;
  if (origin.through <= through) return;
  // From what it has forgotten on, all of it is asked for; what is kept here stays.
  origin.through = own == its.end() ? 0 : own->forgotten_through();
  origin.forgotten_through = origin.through;
  Advance(&origin);
}

RevocationJournal::KnownList RevocationJournal::Known(absl::Time now) const {
  KnownList list;
  for (const auto& [id, origin] : origins_) {
    fleet::v1::Known& known = *list.Add();
    known.set_origin(id);
    known.set_through(origin.through);
    if (origin.forgotten_through == 0) continue;
    known.set_forgotten_through(origin.forgotten_through);
    *known.mutable_forgotten_age() = AgeOf(origin.forgotten_at, now);
  }
  return list;
}

bool RevocationJournal::Misses(const KnownList& theirs) const {
  return std::any_of(theirs.begin(), theirs.end(), [this](const fleet::v1::Known& known) {
    if (known.origin() == own_ || !Matters(known)) return false;
    const auto found = origins_.find(known.origin());
    if (found != origins_.end()) return found->second.through < known.through();
    if (known.through() == 0) return false;
    if (Others() < kOthersMax) return true;
    // Something is kept of it: another, of which nothing is, makes room.
    return known.through() > known.forgotten_through() &&
           std::any_of(origins_.begin(), origins_.end(), [this](const auto& entry) {
             return entry.first != own_ && entry.second.kept.empty();
           });
  });
}

bool RevocationJournal::Matters(const fleet::v1::Known& known) const {
  return known.through() > known.forgotten_through() ||
         ReadAge(known.forgotten_age()) < 2 * kept_for_;
}

fleet::v1::Kept RevocationJournal::MissedBy(const KnownList& theirs, size_t bytes,
                                            absl::Time now) const {
  std::map<std::string, uint64_t> through;
  for (const fleet::v1::Known& known : theirs) through[known.origin()] = known.through();
  fleet::v1::Kept missed;
  size_t used = 0;
  for (const auto& [id, origin] : origins_) {
    for (auto it = origin.kept.upper_bound(through[id]); it != origin.kept.end(); ++it) {
      fleet::v1::Revocation revocation = it->second.revocation;
      *revocation.mutable_age() = AgeOf(it->second.made_at, now);
      used += revocation.ByteSizeLong() + 8;
      if (used > bytes) break;
      *missed.add_revocations() = std::move(revocation);
    }
  }
  *missed.mutable_known() = Known(now);
  return missed;
}

bool RevocationJournal::Lost(const KnownList& theirs, absl::Time now) {
  bool lost = false;
  for (const fleet::v1::Known& known : theirs) {
    if (known.origin() == own_ || known.forgotten_through() == 0 || !Matters(known)) continue;
    Origin* origin = Find(known.origin());
    if (origin == nullptr || known.forgotten_through() <= origin->through) continue;
    const absl::Duration age = ReadAge(known.forgotten_age());
    const absl::Time forgotten_at = now - age;
    lost = lost || (forgotten_at + kLeeway >= began_ && age < 2 * kept_for_);
    origin->through = known.forgotten_through();
    origin->forgotten_through = known.forgotten_through();
    origin->forgotten_at = std::max(origin->forgotten_at, forgotten_at);
    Advance(origin);
  }
  return lost;
}

bool RevocationJournal::Expire(absl::Time now) {
  for (auto& [id, origin] : origins_) {
    while (!origin.kept.empty() && origin.kept.begin()->second.made_at + kept_for_ < now) {
      Forget(&origin);
    }
  }
  // Later than it stops to matter, so that none is learned again of somebody who still has it.
  if (Others() > kOthersUncounted) {
    std::erase_if(origins_, [&](const auto& entry) {
      return entry.first != own_ && entry.second.kept.empty() &&
             entry.second.forgotten_at + 3 * kept_for_ < now;
    });
  }
  return std::exchange(hole_, false);
}

// Null: there are too many.
RevocationJournal::Origin* RevocationJournal::Find(const std::string& id) {
  if (const auto found = origins_.find(id); found != origins_.end()) return &found->second;
  if (Others() >= kOthersMax) {
    const auto dispensable = Dispensable();
    if (dispensable == origins_.end()) return nullptr;
    origins_.erase(dispensable);
  }
  return &origins_[id];
}

// One of which nothing is kept, and that was heard of longest ago.
RevocationJournal::Origins::iterator RevocationJournal::Dispensable() {
  auto oldest = origins_.end();
  for (auto it = origins_.begin(); it != origins_.end(); ++it) {
    if (it->first == own_ || !it->second.kept.empty()) continue;
    if (oldest == origins_.end() || it->second.forgotten_at < oldest->second.forgotten_at) {
      oldest = it;
    }
  }
  return oldest;
}

void RevocationJournal::Keep(Origin* origin, fleet::v1::Revocation revocation, absl::Time made_at) {
  ++kept_;
  kept_bytes_ += revocation.ByteSizeLong();
  const uint64_t number = revocation.number();
  origin->kept.emplace(number, Entry{made_at, std::move(revocation)});
  Advance(origin);
  while (kept_ > kKeptMax || kept_bytes_ > kKeptBytesMax) ForgetTheOldest();
}

void RevocationJournal::Advance(Origin* origin) {
  for (auto it = origin->kept.upper_bound(origin->through);
       it != origin->kept.end() && it->first == origin->through + 1; ++it) {
    ++origin->through;
  }
}

void RevocationJournal::Forget(Origin* origin) {
  const auto first = origin->kept.begin();
  if (first->first > origin->through) {
    hole_ = true;
    origin->through = first->first;
  }
  origin->forgotten_through = std::max(origin->forgotten_through, first->first);
  origin->forgotten_at = std::max(origin->forgotten_at, first->second.made_at);
  --kept_;
  kept_bytes_ -= first->second.revocation.ByteSizeLong();
  origin->kept.erase(first);
  Advance(origin);
}

void RevocationJournal::ForgetTheOldest() {
  Origin* oldest = nullptr;
  for (auto& [id, origin] : origins_) {
    if (origin.kept.empty()) continue;
    if (oldest == nullptr ||
        origin.kept.begin()->second.made_at < oldest->kept.begin()->second.made_at) {
      oldest = &origin;
    }
  }
  Forget(oldest);
}

}  // namespace sluice
