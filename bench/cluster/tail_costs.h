// What the events of a stream cost the bridges that share it.
#pragma once

#include <cstdint>
#include <string>

#include "bench/process/nats_servers.h"

namespace sluice::bench {

// CPU time of processes, in microseconds for each event, above what they use when nothing is
// published.
struct TailCosts {
  double publishing;  // the bridge that is published to
  double reading;     // one that has a reader of every topic that is published to
  double elsewhere;   // one that has a reader, but of another topic
  double idle;        // one that has no reader at all
  double servers;     // all of NATS
};

// Of events that come at this pace, of a hundred topics in turn, for this long.
TailCosts MeasureTailCosts(const std::string& program, const NatsServers& servers,
                           uint32_t events_per_second, uint32_t seconds);

}  // namespace sluice::bench
