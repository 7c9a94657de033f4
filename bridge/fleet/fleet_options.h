// Where a fleet meets, and how long its members wait for each other.
#pragma once

#include <string>

#include "absl/time/time.h"
#include "bridge/fleet/members.h"
#include "bridge/nats/nats_options.h"

namespace sluice {

struct FleetOptions {
  NatsOptions nats;
  // Members hear SUBJECT.all and SUBJECT.to.ID.
  std::string subject = "sluice.fleet";
  std::string name;  // empty: what the bridge is called is up to whoever makes the fleet
  // How long what was taken back is kept for members that were away. As long as an answer of
  // before may live on.
  absl::Duration revocations_kept = absl::Minutes(6);

  absl::Duration presence_every = absl::Seconds(1);
  absl::Duration answers_within = absl::Seconds(2);
  // A bridge that does not hear itself for so long does not reach the fleet.
  absl::Duration echo_within = absl::Seconds(5);
  MembersOptions members;
};

}  // namespace sluice
