// A revocation as the members of a fleet tell it to each other.
#pragma once

#include "absl/status/statusor.h"
#include "bridge/access/revocations.h"
#include "bridge/hub/subscriber.h"
#include "sluice/fleet/v1/fleet.pb.h"

namespace sluice {

// INVALID_ARGUMENT names the field. One that names nothing hits everybody, and must say so.
absl::StatusOr<Revocation> ReadRevocation(const fleet::v1::Revocation& message);
// Without its place among others.
fleet::v1::Revocation ToMessage(const Revocation& revocation, DisconnectedBy by);
DisconnectedBy DisconnectedByOf(const fleet::v1::Revocation& message);
void ByAnOperator(fleet::v1::Revocation* message);

}  // namespace sluice
