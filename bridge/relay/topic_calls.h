// On-demand calls: one for a topic, started by its first subscriber, read by all of
// them through the event log.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "bridge/relay/calls.h"
#include "bridge/relay/relay.h"
#include "bridge/relay/stored_call.h"
#include "bridge/relay/timers.h"

namespace sluice {

// Calls at once; past it RESOURCE_EXHAUSTED.
inline constexpr size_t kTopicCallsMax = 10'000;

// Thread-safe.
class TopicCalls {
 public:
  // All of them outlive it.
  struct Surroundings {
    RelayContext context;
    const Backends* backends = nullptr;
    StreamingCall::Gate* gate = nullptr;
    Timers* timers = nullptr;
    Presence* presence = nullptr;
  };

  explicit TopicCalls(Surroundings surroundings);
  ~TopicCalls();

  // As Calls has them.
  void Join(std::string topic, const CallPolicy& policy, CallRequest request, absl::Duration wait,
            Calls::JoinDone done);
  std::optional<Joined> JoinRunning(const std::string& topic);

  // No call is started any more; those that end now, end with the bridge. Before the
  // gate is closed.
  void Close();
  // Lets go of everything. After the timers have stopped.
  void Clear();

 private:
  class Call;
  struct Joining;
  struct Parts;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace sluice
