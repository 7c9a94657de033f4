#include "absl/strings/str_cat.h"
#include "bench/fanout/broadcaster.h"
#include "bench/fanout/payload.h"
#include "bench/process/bridge_process.h"

namespace sluice::bench {
namespace {

// One shard: figures are per core. The opening event is the load's number 0.
std::string Configuration() {
  return absl::StrCat(
      "authorizer: {none: {}}\n"
      "hub: {shards: 1}\n"
      "log: {level: warning}\n"
      "defaults: {connect: {data: \"",
      MarkedNumber(0), "\"}}\n");
}

class Bridge final : public Broadcaster {
 public:
  Bridge(const std::string& program, int core) : bridge_(program, Configuration(), core) {}

  std::string_view name() const override { return "sluice"; }
  const ServerProcess& process() const override { return bridge_.process(); }
  uint16_t port() const override { return bridge_.port(); }

  void Publish(std::span<const std::string> payloads) override {
    v1::PublishRequest request;
    for (const std::string& payload : payloads) {
      v1::Event& event = *request.add_events();
      event.set_topic(std::string(kTopic));
      event.set_type(std::string(kEventType));
      event.set_raw_json(payload);
    }
    bridge_.Publish(request);
  }

 private:
  BridgeProcess bridge_;
};

}  // namespace

std::unique_ptr<Broadcaster> StartBridge(const std::string& program, int core) {
  return std::make_unique<Bridge>(program, core);
}

}  // namespace sluice::bench
