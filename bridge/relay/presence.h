// Who is still there, for whoever must not leave before them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

namespace sluice {

// Thread-safe.
class Presence {
 public:
  // Present for as long as what it returns is held.
  std::shared_ptr<void> Enter() {
    {
      const std::lock_guard lock(parts_->mutex);
      ++parts_->present;
    }
    return {parts_.get(), [parts = parts_](void*) {
              const std::lock_guard lock(parts->mutex);
              if (--parts->present == 0) parts->empty.notify_all();
            }};
  }

  // Until nobody is.
  void Wait() {
    std::unique_lock lock(parts_->mutex);
    parts_->empty.wait(lock, [this] { return parts_->present == 0; });
  }

 private:
  struct Parts {
    std::mutex mutex;
    std::condition_variable empty;
    size_t present = 0;
  };
  const std::shared_ptr<Parts> parts_ = std::make_shared<Parts>();
};

}  // namespace sluice
