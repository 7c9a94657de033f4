// Ports of this machine, for servers that are started to be measured.
#pragma once

#include <cstdint>
#include <string>

namespace sluice::bench {

// That nobody listens at.
uint16_t FreePort();
std::string LoopbackAddress(uint16_t port);
// A connection that waits at most ten seconds for bytes; negative: nobody listens there.
int ConnectTo(uint16_t port);

}  // namespace sluice::bench
