// The calls of one kind that are open. Where there are as many as may be, the oldest one that
// a stranger's connection holds makes room: nobody keeps others out by opening calls and saying
// nothing.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "bridge/base/mutex.h"
#include "bridge/rpc/connections.h"

namespace sluice {

// Thread-safe.
class OpenCalls {
 public:
  class Call {
   public:
    virtual ~Call() = default;
    // Ends it in order.
    virtual void Drain() = 0;
    // Ends it at once, whatever is on its way.
    virtual void Cancel() = 0;
  };

  // `kind`: as in "too many <kind> are open".
  OpenCalls(const Connections& connections, size_t calls_max, std::string kind)
      : connections_(connections), calls_max_(calls_max), kind_(std::move(kind)) {}

  // UNAVAILABLE: draining; RESOURCE_EXHAUSTED: there are too many. `peer`: PeerAddress. Cancels
  // another call, and so must not hold what that takes.
  absl::Status Add(const std::shared_ptr<Call>& call, std::string peer);
  // One that was not added is none.
  void Remove(const Call* call);
  // Drains them; none is added any more.
  void Drain();

 private:
  struct Open {
    std::weak_ptr<Call> call;
    uint64_t arrival;
  };
  struct Candidate {
    const Call* call;
    std::string peer;
  };

  // Nothing: it has ended by itself. False: nobody can make room.
  bool MakeRoom(std::shared_ptr<Call>* oldest) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Connections& connections_;
  const size_t calls_max_;
  const std::string kind_;
  Mutex mutex_;
  bool draining_ ABSL_GUARDED_BY(mutex_) = false;
  uint64_t arrivals_ ABSL_GUARDED_BY(mutex_) = 0;
  std::unordered_map<const Call*, Open> open_ ABSL_GUARDED_BY(mutex_);
  // By their arrival. Those that have turned out to be no strangers' are not among them.
  std::map<uint64_t, Candidate> candidates_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice
