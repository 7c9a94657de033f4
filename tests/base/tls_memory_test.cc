#include "bridge/base/tls_memory.h"

#include <openssl/crypto.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "gtest/gtest.h"

namespace sluice {
namespace {

// Before any test uses OpenSSL.
const bool apart = KeepTlsBuffersApart();

class TlsMemory : public testing::Test {
 protected:
  void SetUp() override {
    if (!apart) GTEST_SKIP() << "AddressSanitizer watches the heap";
  }

  static char* Filled(size_t bytes, char with) {
    auto* const place = static_cast<char*>(OPENSSL_malloc(bytes));
    std::fill_n(place, bytes, with);
    return place;
  }
  static bool Holds(const char* place, size_t bytes, char what) {
    return std::all_of(place, place + bytes, [&](char c) { return c == what; });
  }
  static size_t ResidentBytes() {
    size_t all = 0;
    size_t resident = 0;
    std::ifstream("/proc/self/statm") >> all >> resident;
    return resident * static_cast<size_t>(::sysconf(_SC_PAGESIZE));
  }
};

TEST_F(TlsMemory, GivesPagesBackThoughWhatCameInBetweenStays) {
  constexpr size_t kBuffers = 4'000;
  std::vector<char*> buffers;
  std::vector<char*> kept;
  const size_t before = ResidentBytes();
  for (size_t i = 0; i < kBuffers; ++i) {
    buffers.push_back(Filled(16'700, 'b'));
    kept.push_back(Filled(600, 'k'));
  }
  EXPECT_GT(ResidentBytes(), before + kBuffers * 16'000);
  for (char* buffer : buffers) OPENSSL_free(buffer);
  EXPECT_LT(ResidentBytes(), before + kBuffers * 4'000);
  for (char* place : kept) {
    EXPECT_TRUE(Holds(place, 600, 'k'));
    OPENSSL_free(place);
  }
}

TEST_F(TlsMemory, KeepsWhatGrowsAcrossAllSizes) {
  auto* place = static_cast<char*>(OPENSSL_realloc(nullptr, 1));
  place[0] = 'a';
  for (const size_t bytes : {100, 5'000, 8'192, 16'000, 24'576, 24'577, 200'000, 9'000, 10}) {
    place = static_cast<char*>(OPENSSL_realloc(place, bytes));
    ASSERT_EQ(place[0], 'a') << bytes;
    std::fill_n(place, bytes, 'a');
  }
  OPENSSL_free(place);
  place = Filled(20'000, 'c');
  for (const size_t bytes : {9'000, 24'000, 30'000}) {
    place = static_cast<char*>(OPENSSL_realloc(place, bytes));
    EXPECT_TRUE(Holds(place, 9'000, 'c')) << bytes;
  }
  OPENSSL_free(place);
}

TEST_F(TlsMemory, GivesNobodyWhatAnotherHas) {
  const auto work = [](char name) {
    std::minstd_rand random(static_cast<unsigned>(name));
    std::vector<std::pair<char*, size_t>> mine;
    for (int i = 0; i < 5'000; ++i) {
      if (mine.size() < 100 && random() % 2 == 0) {
        const size_t bytes = 1 + random() % 26'000;
        mine.emplace_back(Filled(bytes, name), bytes);
      } else if (!mine.empty()) {
        std::swap(mine[random() % mine.size()], mine.back());
        const auto [place, bytes] = mine.back();
        ASSERT_TRUE(Holds(place, bytes, name));
        OPENSSL_free(place);
        mine.pop_back();
      }
    }
    for (const auto& [place, bytes] : mine) OPENSSL_free(place);
  };
  std::vector<std::jthread> threads;
  for (const char name : {'a', 'b', 'c', 'd'}) threads.emplace_back(work, name);
}

}  // namespace
}  // namespace sluice
