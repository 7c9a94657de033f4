// The calls that routes make, as the HTTP side asks for them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/event/event_id.h"
#include "bridge/relay/call_relay.h"
#include "bridge/relay/call_request.h"

namespace sluice {

class Shard;

// To read a topic that an on-demand call feeds.
struct Joined {
  // The position before the call's first event: where a reader without an id
  // starts, so that it gets the whole answer. Epoch 0: not known yet, and nothing was stored.
  EventId starts_at;
  // The call goes on while anybody holds it, and for `linger` after.
  std::shared_ptr<void> lease;
};

// Thread-safe.
class Calls {
 public:
  virtual ~Calls() = default;

  // A call for one client. On the shard's thread; the relay lives there.
  virtual std::unique_ptr<CallRelay> Call(Shard& shard, CallRequest request,
                                          CallRelay::Reader& reader) = 0;

  using JoinDone = std::function<void(absl::StatusOr<Joined>)>;
  // A place at the call that feeds `topic`, started by whoever comes first. `done`
  // comes once, on any thread, possibly before this returns: at once when the call
  // runs, else with the backend's first word, or after `wait`, or with the failure
  // that came before it (nothing was published then). Every later end of the call is
  // an event of the topic that ends the stream: `policy.done`, `policy.error`, or a
  // bare end. `policy` outlives the relay.
  virtual void Join(std::string topic, const CallPolicy& policy, CallRequest request,
                    absl::Duration wait, JoinDone done) = 0;
  // The same, but only if the call runs already.
  virtual std::optional<Joined> JoinRunning(const std::string& topic) = 0;
};

}  // namespace sluice
