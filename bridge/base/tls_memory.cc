#include "bridge/base/tls_memory.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "bridge/base/mutex.h"

namespace sluice {
namespace {

#if defined(__SANITIZE_ADDRESS__)
constexpr bool kHeapIsWatched = true;
#elif defined(__has_feature)
constexpr bool kHeapIsWatched = __has_feature(address_sanitizer);
#else
constexpr bool kHeapIsWatched = false;
#endif

// A record or a message of a handshake, with all that goes around it, in whole pages. What is
// smaller than the least buffer is what stays (a connection itself has 6 KiB).
constexpr size_t kSlotBytes = 24 * 1024;
constexpr size_t kBufferBytesMin = 8 * 1024;
// Of addresses, not of memory: 12 GiB.
constexpr uint32_t kSlotsMax = 1 << 19;
// Unused ones that keep their pages.
constexpr size_t kWarmSlotsMax = 256;

// Thread-safe.
class Slots {
 public:
  Slots() {
    void* const place = ::mmap(nullptr, kSlotBytes * kSlotsMax, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (place != MAP_FAILED) first_ = static_cast<char*>(place);
  }

  // Null: there are no more.
  void* Take() {
    const MutexLock lock(&mutex_);
    for (std::vector<uint32_t>* free : {&warm_, &cold_}) {
      if (free->empty()) continue;
      const uint32_t slot = free->back();
      free->pop_back();
      return At(slot);
    }
    if (first_ == nullptr || touched_ == kSlotsMax) return nullptr;
    return At(touched_++);
  }

  void Return(void* place) {
    const auto slot = static_cast<uint32_t>((static_cast<char*>(place) - first_) / kSlotBytes);
    {
      const MutexLock lock(&mutex_);
      if (warm_.size() < kWarmSlotsMax) return warm_.push_back(slot);
    }
    ::madvise(place, kSlotBytes, MADV_DONTNEED);
    const MutexLock lock(&mutex_);
    cold_.push_back(slot);
  }

  bool Holds(const void* place) const {
    const auto* byte = static_cast<const char*>(place);
    return first_ != nullptr && byte >= first_ && byte < first_ + kSlotBytes * kSlotsMax;
  }

 private:
  void* At(uint32_t slot) const { return first_ + size_t{slot} * kSlotBytes; }

  char* first_ = nullptr;
  Mutex mutex_;
  uint32_t touched_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<uint32_t> warm_ ABSL_GUARDED_BY(mutex_);
  std::vector<uint32_t> cold_ ABSL_GUARDED_BY(mutex_);
};

// Never ended: OpenSSL tidies up after everybody else.
Slots& TheSlots() {
  static Slots* const slots = new Slots;
  return *slots;
}

void* Allocate(size_t bytes, const char*, int) {
  if (bytes >= kBufferBytesMin && bytes <= kSlotBytes) {
    if (void* const slot = TheSlots().Take(); slot != nullptr) return slot;
  }
  return bytes == 0 ? nullptr : std::malloc(bytes);
}

void Free(void* place, const char*, int) {
  if (TheSlots().Holds(place)) return TheSlots().Return(place);
  std::free(place);
}

void* Reallocate(void* place, size_t bytes, const char* file, int line) {
  if (place == nullptr) return Allocate(bytes, file, line);
  if (!TheSlots().Holds(place)) return std::realloc(place, bytes);
  if (bytes <= kSlotBytes && bytes > 0) return place;
  void* const moved = bytes == 0 ? nullptr : std::malloc(bytes);
  if (moved == nullptr && bytes > 0) return nullptr;
  if (moved != nullptr) std::memcpy(moved, place, kSlotBytes);
  Free(place, file, line);
  return moved;
}

}  // namespace

bool KeepTlsBuffersApart() {
  return !kHeapIsWatched && CRYPTO_set_mem_functions(Allocate, Reallocate, Free) == 1;
}

}  // namespace sluice
