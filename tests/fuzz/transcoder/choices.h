// Decisions of a generator, taken from a fuzzer's input.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string_view>

namespace sluice {

// Either the bytes themselves decide, so that a changed byte changes one decision, and
// past their end every decision is 0; or they only seed a generator, which goes on for
// ever. 0 is to be the decision that ends something.
class Choices {
 public:
  static Choices OfBytes(std::string_view bytes) { return Choices(bytes, false); }
  static Choices Seeded(std::string_view bytes) { return Choices(bytes, true); }

  // Below `end`, which is at least 1.
  uint32_t Below(uint32_t end) {
    if (end <= 1) return 0;
    return end <= 256 ? Byte() % end : static_cast<uint32_t>(Bits() % end);
  }
  bool OneIn(uint32_t n) { return Below(n) == n - 1; }
  template <typename T>
  T Of(std::initializer_list<T> values) {
    return values.begin()[Below(static_cast<uint32_t>(values.size()))];
  }
  uint64_t Bits() {
    uint64_t bits = 0;
    for (int i = 0; i < 8; ++i) bits = bits << 8 | Byte();
    return bits;
  }
  bool exhausted() const { return !seeded_ && bytes_.empty(); }

 private:
  Choices(std::string_view bytes, bool seeded) : bytes_(bytes), seeded_(seeded) {
    std::seed_seq seed(bytes.begin(), bytes.end());
    random_.seed(seed);
  }

  uint8_t Byte() {
    if (seeded_) return static_cast<uint8_t>(random_() >> 7);
    if (bytes_.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(bytes_.front());
    bytes_.remove_prefix(1);
    return byte;
  }

  std::string_view bytes_;
  bool seeded_;
  std::minstd_rand random_;
};

}  // namespace sluice
