// What is published, and what came of it.
#pragma once

#include <cstdint>
#include <string>

#include "bench/fanout/broadcaster.h"
#include "bench/fanout/subscribers.h"

namespace sluice::bench {

struct Load {
  std::string name;
  uint32_t requests;
  uint32_t events_per_request;
  // Published before every subscriber has had the oldest of them.
  uint32_t requests_in_flight;
};

struct Figures {
  double cpu_us_per_delivery;  // of the server's process, all of it
  double deliveries_per_second;
  // From before the request to the subscriber's receipt.
  double latency_ms_p50;
  double latency_ms_p99;
};

Figures Run(const Load& load, Broadcaster& broadcaster, Subscribers& subscribers);

}  // namespace sluice::bench
