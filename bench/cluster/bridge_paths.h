// How bridges are configured that are measured together.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/process/bridge_process.h"
#include "bench/process/nats_servers.h"

namespace sluice::bench {

// YAML of a bridge that keeps its events in a stream of the servers, and is connected to one
// of them; others have the same stream.
std::string SharingConfiguration(const NatsServers& servers, size_t connected_to);

// An event with the number in its payload.
void AddEvent(v1::PublishRequest& request, std::string_view topic, uint32_t number);

}  // namespace sluice::bench
