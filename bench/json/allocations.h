// How often this program has asked for memory.
#pragma once

#include <cstdint>

namespace sluice {

// By all threads, since it started.
uint64_t Allocations();

}  // namespace sluice
