// From before an event is published to its receipt.
#pragma once

#include <cstdint>
#include <vector>

#include "bench/cluster/path.h"

namespace sluice::bench {

// In milliseconds, of events of which the next is published when the last was received and
// acknowledged. One that is missing or out of order ends the program.
std::vector<double> MeasureLatencies(Path& path, uint32_t events);

}  // namespace sluice::bench
