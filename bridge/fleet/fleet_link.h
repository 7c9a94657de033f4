// The connection of one member to the others, and whether it is one: what a bridge says to all
// comes back to it as it comes to the others, so while it hears itself, it reaches the fleet.
// Whatever the reason is where it does not: the server, the way to it, a permission.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/base/log_budget.h"
#include "bridge/fleet/fleet_options.h"
#include "bridge/nats/loop.h"
#include "bridge/nats/nats_connection.h"
#include "sluice/fleet/v1/fleet.pb.h"

namespace sluice {

// Time that only rises, also while the machine's clock is set.
absl::Time Monotonic();

// On the thread of its owner's loop, where nothing else is said.
class FleetLink {
 public:
  // Called on the loop.
  struct Told {
    // Of another member.
    std::function<void(const fleet::v1::Message&)> message;
    // It can be spoken: say to all that you are there.
    std::function<void()> connected;
    // It was not, for so long.
    std::function<void(absl::Duration away_for)> reached;
    std::function<void(const absl::Status& why)> away;
  };

  // The options and the loop outlive it.
  FleetLink(const FleetOptions& options, std::string own, Loop& loop, Told told);

  // INVALID_ARGUMENT: options that cannot be used. Any thread for the first time.
  absl::Status Connect();
  // Whatever does not get through is noticed where it is missed.
  void Tell(const fleet::v1::Message& message);
  void TellOne(const std::string& id, const fleet::v1::Message& message);
  // Not OK: why the others may not hear what is said.
  absl::Status Reached() const;
  absl::Time reached_at() const { return reached_at_; }
  // What a list may take in one message.
  size_t BytesMax() const;
  void Tick(absl::Time now);
  // From now on nothing is said and heard. Whoever gets it destroys it on another thread, stops
  // the loop then, and does the same once more: a connection may have come meanwhile.
  std::shared_ptr<NatsConnection> Leave();

 private:
  void Take(const NatsMessage& message);
  void HearOurselves();
  void Away(const absl::Status& why);
  void Closed(uint64_t number, const std::string& why);
  void LetGo();
  void Publish(const std::string& subject, const fleet::v1::Message& message);

  const FleetOptions& options_;
  const std::string own_;
  const std::string to_all_;
  Loop& loop_;
  const Told told_;
  const absl::Time began_ = Monotonic();
  LogBudget garbage_{1};
  std::atomic<uint64_t> connections_{0};
  std::shared_ptr<NatsConnection> connection_;
  // Of that connection: nothing more is taken of it, so that it can be destroyed on the loop.
  std::shared_ptr<std::atomic<bool>> closing_;
  absl::Time heard_at_ = absl::InfinitePast();  // ourselves
  bool reached_ = false;
  absl::Time reached_at_ = absl::InfiniteFuture();
  absl::Time connect_at_ = absl::InfiniteFuture();
  bool left_ = false;
};

}  // namespace sluice
