// Makes the fleet that is configured, or one of this bridge alone.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bridge/fleet/fleet.h"
#include "bridge/fleet/fleet_options.h"
#include "bridge/fleet/nats_fleet.h"

namespace sluice {

std::unique_ptr<Fleet> MakeFleet(const std::optional<FleetOptions>& options,
                                 const NatsFleetContext& context);

// What a bridge is called that listens at "address:port": the machine's name and the port.
std::string FleetNameOf(const std::string& address);

}  // namespace sluice
