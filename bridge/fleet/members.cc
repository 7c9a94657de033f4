#include "bridge/fleet/members.h"

#include <utility>

#include "bridge/base/log.h"
#include "bridge/fleet/proto_time.h"

namespace sluice {

Members::Known* Members::Hear(const fleet::v1::Member& member, absl::Time now) {
  if (member.id() == own_) return nullptr;
  auto found = known_.find(member.id());
  if (found == known_.end()) {
    // One of the same name that does not speak any more has been started again.
    absl::erase_if(known_, [&](const auto& entry) {
      return entry.second.silent && entry.second.member.name() == member.name();
    });
    if (known_.size() >= kMax) {
      if (!std::exchange(too_many_, true)) {
        log::Error("the fleet has too many members: this bridge does not know all of them",
                   {{"most", kMax}});
      }
      return nullptr;
    }
    found = known_.try_emplace(member.id()).first;
    log::Info("member of the fleet has come",
              {{"member", member.name()}, {"id", member.id()}, {"version", member.version()}});
  }
  Known& known = found->second;
  known.member = member;
  known.heard_at = now;
  if (std::exchange(known.silent, false)) {
    log::Info("member of the fleet is back", {{"member", member.name()}, {"id", member.id()}});
  }
  return &known;
}

void Members::Leave(const std::string& id) {
  const auto found = known_.find(id);
  if (found == known_.end()) return;
  log::Info("member of the fleet has left", {{"member", found->second.member.name()}, {"id", id}});
  known_.erase(found);
}

void Members::Tick(absl::Time now) {
  absl::erase_if(known_, [&](auto& entry) {
    Known& known = entry.second;
    const absl::Duration silence = now - known.heard_at;
    if (silence < options_.silent_after) return false;
    if (!std::exchange(known.silent, true)) {
      log::Warning("member of the fleet is silent",
                   {{"member", known.member.name()}, {"id", entry.first}});
    }
    return silence >= options_.gone_after;
  });
  if (known_.size() < kMax) too_many_ = false;
}

}  // namespace sluice
