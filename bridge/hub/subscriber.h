// Whoever reads topics on a shard: an SSE session, a gRPC Subscribe call.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "bridge/base/reason.h"
#include "bridge/event/sse_frame.h"

namespace sluice {

// For Admin and /v1/stats.
struct SubscriberDescription {
  std::string id;
  std::string subject;
  std::string peer_address;
  std::vector<std::string> topics;
  absl::Time connected_at;
  std::string transport;  // "http" or "grpc"
};

// The event log cannot be used now.
struct LogOutage {
  uint32_t number = 0;  // from 1 on; the next one has another
  absl::Duration lasts;
};

// Who ends a stream before its time.
enum class DisconnectedBy { kOperator, kAuthorizer };

// Every call comes on the shard's thread. An implementation takes what its
// Subscription has when it is told, and never waits inside a call.
class Subscriber {
 public:
  virtual ~Subscriber() = default;

  // There may be something to take (or the subscription ended or failed).
  virtual void OnReady() = 0;
  // Once an interval, when everything was taken: its id covers all of that.
  virtual void OnHeartbeat(const FramePtr& frame) = 0;
  // About once a second: expiry, a socket that refuses bytes.
  virtual void OnTick(absl::Time now) = 0;
  // Leave, politely. `retry_ms` has its jitter already. May destroy itself.
  virtual void OnDrain(Reason reason, uint32_t retry_ms) = 0;
  // Leave now. May destroy itself.
  virtual void OnCut(Reason reason) = 0;
  // What allowed it was taken back: leave, and say so. False: it was leaving already.
  // May destroy itself.
  virtual bool OnDisconnect(DisconnectedBy) {
    OnCut(Reason::kDisconnected);
    return true;
  }
  // Something may have been taken back unseen: ask within this time whether it is still
  // allowed.
  virtual void OnDoubt(absl::Time /*now*/, absl::Duration /*within*/) {}

  // About once a second while the log that it reads is away.
  virtual void OnLogAway(const LogOutage& /*outage*/) {}

  virtual SubscriberDescription Describe() const = 0;
  // Whether it has this subject and this id; empty: any. (For free, unlike the whole
  // description. Where that is not so, it is true.)
  virtual bool MayBe(std::string_view /*subject*/, std::string_view /*id*/) const { return true; }
};

}  // namespace sluice
