// A gate that is open until it is closed: whoever closes it knows that nobody is
// behind it any more, and nobody will be.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace sluice {

// Thread-safe.
class Gate {
 public:
  // False: it is closed. Else call Leave() after.
  bool Enter() {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
    ++inside_;
    return true;
  }
  void Leave() {
    const std::lock_guard lock(mutex_);
    if (--inside_ == 0) empty_.notify_all();
  }
  // Not from inside.
  void Close() {
    std::unique_lock lock(mutex_);
    closed_ = true;
    empty_.wait(lock, [this] { return inside_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable empty_;
  uint32_t inside_ = 0;
  bool closed_ = false;
};

}  // namespace sluice
