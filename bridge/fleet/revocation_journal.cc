#include "bridge/fleet/revocation_journal.h"

#include <algorithm>
#include <utility>

#include "bridge/fleet/proto_time.h"

namespace sluice {

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
  Origin* origin = revocation.origin() == own_ ? nullptr : Find(revocation.origin());
  const uint64_t number = revocation.number();
  if (origin == nullptr || number <= origin->through || origin->kept.contains(number)) {
    return Told::kKnown;
  }
  const absl::Time made_at = now - FromProto(revocation.age());
  Keep(origin, revocation, made_at);
  return made_at + kLeeway < began_ ? Told::kBeforeOurs : Told::kNew;
}

RevocationJournal::KnownList RevocationJournal::Known(absl::Time now) const {
  KnownList list;
  for (const auto& [id, origin] : origins_) {
    fleet::v1::Known& known = *list.Add();
    known.set_origin(id);
    known.set_through(origin.through);
    if (origin.forgotten_through == 0) continue;
    known.set_forgotten_through(origin.forgotten_through);
    *known.mutable_forgotten_age() = ToProto(now - origin.forgotten_at);
  }
  return list;
}

bool RevocationJournal::Misses(const KnownList& theirs) const {
  return std::any_of(theirs.begin(), theirs.end(), [this](const fleet::v1::Known& known) {
    if (known.origin() == own_) return false;
    const auto found = origins_.find(known.origin());
    if (found == origins_.end()) return known.through() > 0 && origins_.size() < kOriginsMax;
    return found->second.through < known.through();
  });
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
      *revocation.mutable_age() = ToProto(now - it->second.made_at);
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
    Origin* origin = known.origin() == own_ ? nullptr : Find(known.origin());
    if (origin == nullptr || known.forgotten_through() <= origin->through) continue;
    const absl::Time forgotten_at = now - FromProto(known.forgotten_age());
    lost = lost || forgotten_at + kLeeway >= began_;
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
  return std::exchange(hole_, false);
}

// Null: there are too many.
RevocationJournal::Origin* RevocationJournal::Find(const std::string& id) {
  if (const auto found = origins_.find(id); found != origins_.end()) return &found->second;
  if (origins_.size() >= kOriginsMax) {
    // One of which nothing is kept is missed least, and the one that was heard of longest ago.
    auto oldest = origins_.end();
    for (auto it = origins_.begin(); it != origins_.end(); ++it) {
      if (it->first == own_ || !it->second.kept.empty()) continue;
      if (oldest == origins_.end() || it->second.forgotten_at < oldest->second.forgotten_at) {
        oldest = it;
      }
    }
    if (oldest == origins_.end()) return nullptr;
    origins_.erase(oldest);
  }
  return &origins_[id];
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
  origin->forgotten_through = first->first;
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
