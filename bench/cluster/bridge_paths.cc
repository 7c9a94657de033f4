#include "bench/cluster/bridge_paths.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/cluster/event_stream.h"
#include "bench/cluster/path.h"
#include "bench/fanout/payload.h"

namespace sluice::bench {
namespace {

constexpr char kTopic[] = "bench/latency";

// The opening event is number 0.
std::string Configuration(std::string_view more) {
  return absl::StrCat(
      "authorizer: {none: {}}\n"
      "hub: {shards: 1}\n"
      "log: {level: error}\n"
      "defaults: {connect: {data: \"",
      MarkedNumber(0), "\"}}\n", std::string(more));
}

// Publishes to the first of its bridges and reads at the last.
class BridgePath final : public Path {
 public:
  BridgePath(std::string name, std::vector<std::unique_ptr<BridgeProcess>> bridges)
      : name_(std::move(name)),
        bridges_(std::move(bridges)),
        stream_(bridges_.back()->port(), kTopic) {}

  const std::string& name() const override { return name_; }
  void Publish(uint32_t number) override {
    v1::PublishRequest request;
    AddEvent(request, kTopic, number);
    bridges_.front()->Publish(request);
  }
  uint32_t Receive() override { return stream_.Next(); }

 private:
  const std::string name_;
  const std::vector<std::unique_ptr<BridgeProcess>> bridges_;
  EventStream stream_;
};

}  // namespace

std::string SharingConfiguration(const NatsServers& servers, size_t connected_to) {
  return Configuration(absl::StrCat("event_log: {jetstream: {servers: [\"",
                                    servers.addresses()[connected_to % servers.addresses().size()],
                                    "\"], replicas: ", servers.count(), "}}\n"));
}

void AddEvent(v1::PublishRequest& request, std::string_view topic, uint32_t number) {
  v1::Event& event = *request.add_events();
  event.set_topic(std::string(topic));
  event.set_raw_json(Payload(number));
}

std::unique_ptr<Path> TwoBridges(const std::string& program, const NatsServers& servers) {
  std::vector<std::unique_ptr<BridgeProcess>> bridges;
  for (const size_t server : {0, 1}) {
    bridges.push_back(
        std::make_unique<BridgeProcess>(program, SharingConfiguration(servers, server)));
  }
  return std::make_unique<BridgePath>("two bridges over JetStream", std::move(bridges));
}

std::unique_ptr<Path> OneBridge(const std::string& program) {
  std::vector<std::unique_ptr<BridgeProcess>> bridges;
  bridges.push_back(std::make_unique<BridgeProcess>(program, Configuration("")));
  return std::make_unique<BridgePath>("one bridge, in memory", std::move(bridges));
}

}  // namespace sluice::bench
