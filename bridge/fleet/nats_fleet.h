// Bridges that meet at NATS.
//
// Every member hears what is said to all, which is at most once: who is away misses it. So
// everything that must not be missed is kept by everybody for a while (RevocationJournal), and
// every second each member says how far it is: who hears that another is further asks it for
// the rest.
#pragma once

#include <memory>

#include "bridge/fleet/fleet.h"
#include "bridge/fleet/fleet_options.h"
#include "bridge/fleet/node.h"

namespace sluice {

class Hub;
class Revocations;
struct Metrics;

// What it is a part of; all outlive it, and it outlives the hub's threads.
struct NatsFleetContext {
  const Node* node = nullptr;
  Hub* hub = nullptr;
  LocalDisconnects* disconnects = nullptr;
  Revocations* revocations = nullptr;
  Metrics* metrics = nullptr;
};

std::unique_ptr<Fleet> MakeNatsFleet(FleetOptions options, NatsFleetContext context);

}  // namespace sluice
