// The questions to the fleet that wait for answers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>

#include "absl/time/time.h"
#include "bridge/fleet/fleet.h"
#include "bridge/fleet/members.h"

namespace sluice {

// Not thread-safe. No `done` is called from inside of Begin.
class Askings {
 public:
  static constexpr size_t kMax = 1024;

  // `own` says who this bridge is, as a member.
  explicit Askings(std::function<fleet::v1::Member()> own) : own_(std::move(own)) {}

  struct Terms {
    absl::Status reached;                          // not OK: nobody else is waited for
    absl::Time until;                              // it ends with whoever has answered by then
    absl::Time not_before = absl::InfinitePast();  // somebody who is not known may answer
  };
  // Its number. Answers are expected of this bridge, and of those members that are not silent.
  uint64_t Begin(const Members& members, Terms terms, Fleet::AskDone done);
  void AnsweredHere(uint64_t number, fleet::v1::Answer answer, absl::Time now);
  void Answered(const fleet::v1::Member& from, fleet::v1::Answer answer, absl::Time now);
  // Ends those whose time is up.
  void Tick(absl::Time now);
  // The fleet is not there any more: they end with what they have, as soon as this bridge
  // itself has answered.
  void Unreached(const absl::Status& why, absl::Time now);
  // They end at once.
  void EndAll(const absl::Status& why);

  bool Full() const { return open_.size() >= kMax; }

 private:
  struct Asking {
    Terms terms;
    Fleet::AskDone done;
    std::optional<fleet::v1::Answer> here;
    std::map<std::string, MemberAnswer> others;  // by id; until they answer, with why they do not
    std::set<std::string> waits_for;             // their ids
  };
  using Open = std::map<uint64_t, Asking>;

  bool IsOver(const Asking& asking, absl::Time now) const;
  void EndIfOver(Open::iterator asking, absl::Time now);
  void End(Asking asking) const;

  const std::function<fleet::v1::Member()> own_;
  uint64_t last_ = 0;
  Open open_;
};

}  // namespace sluice
