// Which seeds a simulation plays.
//
// SLUICE_SIMULATION_SEED=n replays one, SLUICE_SIMULATION_SEEDS=n plays the first n.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <string>

namespace sluice {

// Plays `play(seed)` for each, until one fails. `seeds`: how many, where nobody says; fewer
// where each takes many times as long.
template <typename Play>
void PlaySeeds(uint32_t seeds, const Play& play) {
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  seeds /= 10;
#endif
  uint32_t first = 1;
  if (const char* count = std::getenv("SLUICE_SIMULATION_SEEDS")) {
    seeds = static_cast<uint32_t>(std::strtoul(count, nullptr, 10));
  }
  if (const char* one = std::getenv("SLUICE_SIMULATION_SEED")) {
    first = static_cast<uint32_t>(std::strtoul(one, nullptr, 10));
    seeds = first;
  }
  for (uint32_t seed = first; seed <= seeds; ++seed) {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    SCOPED_TRACE("seed " + std::to_string(seed) +
                 "; to replay it: SLUICE_SIMULATION_SEED=" + std::to_string(seed) +
                 " build/dev/hub_test --gtest_filter=" + test->test_suite_name() + "." +
                 test->name());
    play(seed);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace sluice
