// Whether publishes can be stored now, and why not.
#pragma once

#include <utility>

#include "absl/status/status.h"
#include "bridge/base/mutex.h"

namespace sluice::rocksdb_log {

// Thread-safe.
class DiskHealth {
 public:
  absl::Status status() const {
    MutexLock lock(&mutex_);
    return status_;
  }
  void Set(absl::Status status) {
    MutexLock lock(&mutex_);
    status_ = std::move(status);
  }

 private:
  mutable Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::rocksdb_log
