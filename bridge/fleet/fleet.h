// The bridges that serve the same clients: asked about together, and told together what is
// taken back.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "bridge/fleet/fleet_state.h"
#include "bridge/hub/disconnecting.h"
#include "sluice/fleet/v1/fleet.pb.h"

namespace sluice {

// What one member says to a question.
struct MemberAnswer {
  fleet::v1::Member member;
  absl::Status status;  // not OK: why there is no answer
  fleet::v1::Answer answer;
};

struct FleetAnswer {
  std::vector<MemberAnswer> members;  // the bridge that was asked comes first
  // Not OK: there may be members that it does not know of.
  absl::Status reached;
  // There is no fleet, or the others were not asked.
  bool alone = false;
};

enum class Scope {
  kFleet,
  kHere,  // this bridge alone
};

// Thread-safe.
class Fleet {
 public:
  using AskDone = std::function<void(FleetAnswer)>;

  virtual ~Fleet() = default;

  // Begins: as `name`, where no other is configured. INVALID_ARGUMENT: the options cannot be
  // used; that nobody is there is no error. Before anything else.
  virtual absl::Status Join(std::string name) = 0;
  // Tells the others; what is asked ends. Before the hub stops.
  virtual void Leave() = 0;
  // None: there is no fleet.
  virtual std::optional<FleetState> State() const = 0;

  // Puts it to every member, this one among them. A revocation in it has only the fields of
  // `subject` to `reason`, and is an operator's; `kHere` is not for it. `done` comes once, on
  // any thread, in about three seconds at most; as long as there is a hub.
  virtual void Ask(fleet::v1::Question question, Scope scope, AskDone done) = 0;
  // How what an authorizer takes back gets to all members: `done` comes with the streams that
  // were ended here.
  virtual Disconnects& disconnects() = 0;
};

}  // namespace sluice
