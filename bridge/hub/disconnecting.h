// Taking streams back, wherever they run.
#pragma once

#include <cstdint>
#include <functional>

#include "absl/time/time.h"
#include "bridge/access/revocations.h"
#include "bridge/hub/subscriber.h"

namespace sluice {

class Hub;

// Whoever may end streams asks here. Where several bridges serve the same clients, this
// is what tells the others. Thread-safe.
class Disconnects {
 public:
  using Done = std::function<void(uint64_t disconnected)>;

  virtual ~Disconnects() = default;
  // Ends every stream that it hits, and those that are on their way; from now on, no
  // answer of before counts. `done` comes once, on any thread, with how many streams were
  // ended.
  virtual void Disconnect(Revocation revocation, DisconnectedBy by, Done done) = 0;
};

// The streams of this process.
class LocalDisconnects final : public Disconnects {
 public:
  // Both outlive it; `done` does not come when the hub is stopped meanwhile.
  LocalDisconnects(Hub& hub, Revocations& revocations) : hub_(hub), revocations_(revocations) {}

  void Disconnect(Revocation revocation, DisconnectedBy by, Done done) override;
  // Who wants to know of what was added where one of a stream's id was asked for: it is called
  // on shards' threads. Before anything is disconnected.
  void TellFound(std::function<void(Revocation)> found) { found_ = std::move(found); }

 private:
  Hub& hub_;
  Revocations& revocations_;
  std::function<void(Revocation)> found_;
};

}  // namespace sluice
