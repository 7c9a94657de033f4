// The last answers of open calls, which their callers may have left unread: gRPC does not tell,
// it takes an answer to be sent once there is a buffer for it. Their bytes are bounded together:
// past it the call with the oldest answer is cancelled.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "bridge/base/mutex.h"
#include "bridge/rpc/open_calls.h"

namespace sluice {

// Thread-safe.
class UnreadAnswers {
 public:
  explicit UnreadAnswers(size_t bytes_max) : bytes_max_(bytes_max) {}

  // An answer of so many bytes, until End with this number. Adds the calls to `cancelled` that
  // have to be cancelled for it: once the caller holds no lock.
  uint64_t Begin(std::weak_ptr<OpenCalls::Call> call, size_t bytes,
                 std::vector<std::shared_ptr<OpenCalls::Call>>* cancelled) {
    const MutexLock lock(&mutex_);
    const uint64_t number = ++begun_;
    bytes += kBufferBytes;
    bytes_ += bytes;
    unread_.emplace(number, Unread{std::move(call), bytes});
    while (bytes_ > bytes_max_ && unread_.size() > 1) {
      const auto oldest = unread_.begin();
      if (auto left = oldest->second.call.lock()) cancelled->push_back(std::move(left));
      bytes_ -= oldest->second.bytes;
      unread_.erase(oldest);
    }
    return number;
  }
  void End(uint64_t number) {
    const MutexLock lock(&mutex_);
    const auto found = unread_.find(number);
    if (found == unread_.end()) return;
    bytes_ -= found->second.bytes;
    unread_.erase(found);
  }

 private:
  // What gRPC takes for a call before it makes a writer wait.
  static constexpr size_t kBufferBytes = 64 * 1024;

  struct Unread {
    std::weak_ptr<OpenCalls::Call> call;
    size_t bytes;
  };

  const size_t bytes_max_;
  Mutex mutex_;
  uint64_t begun_ ABSL_GUARDED_BY(mutex_) = 0;
  size_t bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<uint64_t, Unread> unread_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice
