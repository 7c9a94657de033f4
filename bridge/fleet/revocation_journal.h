// What was taken back lately, by any member, and what of it is known here: so that whoever
// missed something gets it from anybody who has it.
//
// Members count what they take back, from 1 on. Everything up to `through` is known of a
// member; whoever hears that another has come further asks it for the rest. What it does not
// have any more it says, too: then nobody can tell what was missed.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "absl/time/time.h"
#include "sluice/fleet/v1/fleet.pb.h"

namespace sluice {

// Of times of one clock that only rises. Not thread-safe.
class RevocationJournal {
 public:
  using KnownList = google::protobuf::RepeatedPtrField<fleet::v1::Known>;

  static constexpr size_t kKeptMax = 4096;
  static constexpr size_t kKeptBytesMax = 4 << 20;
  static constexpr size_t kOriginsMax = 256;
  // More of an age is of no interest, whatever somebody says.
  static constexpr absl::Duration kAgeMax = absl::Hours(24);
  // How wrong ages may be that travel.
  static constexpr absl::Duration kLeeway = absl::Seconds(10);

  enum class Told {
    kKnown,
    kNew,         // is to be applied
    kNoRoom,      // is to be applied, but is not kept
    kPassed,      // ought to be known, but is not kept: whoever asks for it now has it applied
    kBeforeOurs,  // was taken back before this member asked anybody anything
  };

  // This member's own id; how long it keeps what was taken back; since when it has been asking
  // authorizers.
  RevocationJournal(std::string own, absl::Duration kept_for, absl::Time began)
      : own_(std::move(own)), kept_for_(kept_for), began_(began) {}

  // Of this member: answers it with its place.
  fleet::v1::Revocation AddOwn(fleet::v1::Revocation revocation, absl::Time now);
  Told Add(const fleet::v1::Revocation& revocation, absl::Time now);

  // What `origin` itself knows of its own is right, whatever others have said of it.
  void Believe(const std::string& origin, const KnownList& its);

  // Of no more than kOriginsMax, this member's own among them.
  KnownList Known(absl::Time now) const;
  // Whether somebody who knows `theirs` knows more.
  bool Misses(const KnownList& theirs) const;
  // What somebody who knows `theirs` does not have, up to so many bytes: the oldest of each
  // origin first.
  fleet::v1::Kept MissedBy(const KnownList& theirs, size_t bytes, absl::Time now) const;
  // After MissedBy of another, whose list this is, was added. True: something that matters was
  // missed that the other does not have any more.
  bool Lost(const KnownList& theirs, absl::Time now);

  // Lets go of what was kept for long enough. True: of what came behind something that never
  // came, too.
  bool Expire(absl::Time now);

  size_t size() const { return kept_; }

 private:
  struct Entry {
    absl::Time made_at;
    fleet::v1::Revocation revocation;
  };
  struct Origin {
    uint64_t through = 0;
    uint64_t forgotten_through = 0;
    absl::Time forgotten_at = absl::InfinitePast();  // when the last of that was made
    std::map<uint64_t, Entry> kept;
  };
  using Origins = std::map<std::string, Origin>;

  // Nobody misses what was forgotten that long ago: either it was known, or there was a doubt.
  bool Matters(const fleet::v1::Known& known) const;
  size_t Others() const { return origins_.size() - origins_.count(own_); }
  // The one that is missed least; the end: something is kept of each.
  Origins::iterator Dispensable();
  Origin* Find(const std::string& id);
  void Keep(Origin* origin, fleet::v1::Revocation revocation, absl::Time made_at);
  static void Advance(Origin* origin);
  // The first one that is kept.
  void Forget(Origin* origin);
  void ForgetTheOldest();

  const std::string own_;
  const absl::Duration kept_for_;
  const absl::Time began_;
  Origins origins_;
  size_t kept_ = 0;
  size_t kept_bytes_ = 0;
  bool hole_ = false;  // one was forgotten, and those before it never came
};

}  // namespace sluice
