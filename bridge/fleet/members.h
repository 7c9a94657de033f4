// The other members of the fleet, as far as they were heard.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/time/time.h"
#include "sluice/fleet/v1/fleet.pb.h"

namespace sluice {

struct MembersOptions {
  // Heard every second, one is silent after
  absl::Duration silent_after = absl::Seconds(3);
  // and, where it has not said that it leaves, gone after
  absl::Duration gone_after = absl::Minutes(2);
};

// Not thread-safe.
class Members {
 public:
  static constexpr size_t kMax = 256;

  struct Known {
    fleet::v1::Member member;
    absl::Time heard_at;
    bool silent = false;
    absl::Time asked_at = absl::InfinitePast();  // for what it knows more
  };

  Members(std::string own, MembersOptions options) : own_(std::move(own)), options_(options) {}

  // Null: this is ourselves, or there are too many.
  Known* Hear(const fleet::v1::Member& member, absl::Time now);
  void Leave(const std::string& id);
  // Those who have not been heard for so long: some have become silent, some are gone.
  void Tick(absl::Time now);

  // By id.
  const absl::flat_hash_map<std::string, Known>& all() const { return known_; }

 private:
  const std::string own_;
  const MembersOptions options_;
  absl::flat_hash_map<std::string, Known> known_;
  bool too_many_ = false;
};

}  // namespace sluice
