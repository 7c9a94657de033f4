// What the members of a fleet have answered, as one answer of sluice.v1.Admin.
#pragma once

#include "bridge/fleet/fleet.h"
#include "sluice/v1/admin.pb.h"

namespace sluice {

// Counts are summed; the rest is of the bridge that was asked.
v1::GetStatsResponse MergeStats(const FleetAnswer& answer);
v1::ListTopicsResponse MergeTopics(const FleetAnswer& answer, size_t limit);
v1::ListSubscribersResponse MergeSubscribers(const FleetAnswer& answer, size_t limit);
v1::DisconnectResponse MergeDisconnected(const FleetAnswer& answer);

}  // namespace sluice
