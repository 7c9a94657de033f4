// Chance for simulations: the same seed draws the same, on every machine.
#pragma once

#include <cstdint>
#include <random>

namespace sluice {

class Chance {
 public:
  explicit Chance(uint32_t seed) : random_(seed) {}

  // 0 to `max`.
  uint32_t UpTo(uint32_t max) { return static_cast<uint32_t>(random_() % (uint64_t{max} + 1)); }
  uint64_t Between(uint64_t least, uint64_t most) { return least + random_() % (most - least + 1); }
  bool OneIn(uint32_t n) { return UpTo(n - 1) == 0; }

 private:
  std::mt19937_64
      random_;  // (the distributions of the standard library are not the same everywhere)
};

}  // namespace sluice
