// This bridge, as a member of a fleet (or without one): what it answers to questions.
#pragma once

#include <functional>
#include <string>

#include "absl/time/time.h"
#include "bridge/hub/disconnecting.h"
#include "sluice/fleet/v1/fleet.pb.h"

namespace sluice {

class Clock;
class EventLog;
class Hub;
struct Metrics;

// All outlive the node, and the node outlives the hub's threads.
struct NodeContext {
  Hub* hub = nullptr;
  EventLog* log = nullptr;
  Disconnects* disconnects = nullptr;  // this bridge's own
  const Clock* clock = nullptr;
  const Metrics* metrics = nullptr;
  absl::Time started_at;
  std::string version;
};

// How many a list has at most.
inline constexpr size_t kListedMax = 1000;
// The same where `limit` were asked for; 0: all that may be.
size_t ListedMax(uint32_t limit);

class Node {
 public:
  using Done = std::function<void(fleet::v1::Answer)>;

  explicit Node(NodeContext context) : context_(std::move(context)) {}

  // Any thread. `done` comes once, on any thread, but not when the hub is stopped meanwhile.
  // (A list of topics has ten times as many as were asked for: so that those that are many
  // in several lists are.)
  void Answer(const fleet::v1::Question& question, Done done) const;

  const NodeContext& context() const { return context_; }

 private:
  const NodeContext context_;
};

}  // namespace sluice
