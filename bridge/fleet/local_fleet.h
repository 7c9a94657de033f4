// A fleet of one: a bridge by itself.
#pragma once

#include "bridge/fleet/fleet.h"
#include "bridge/fleet/node.h"

namespace sluice {

class LocalFleet final : public Fleet {
 public:
  // It outlives the fleet.
  explicit LocalFleet(const Node& node) : node_(node) {}

  absl::Status Join(std::string /*name*/) override { return absl::OkStatus(); }
  void Leave() override {}
  std::optional<FleetState> State() const override { return std::nullopt; }
  void Ask(fleet::v1::Question question, Scope scope, AskDone done) override;
  Disconnects& disconnects() override { return *node_.context().disconnects; }

 private:
  const Node& node_;
};

}  // namespace sluice
