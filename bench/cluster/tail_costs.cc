#include "bench/cluster/tail_costs.h"

#include <chrono>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bench/cluster/bridge_paths.h"
#include "bench/cluster/event_stream.h"

namespace sluice::bench {
namespace {

constexpr uint32_t kTopics = 100;
// Each of another topic, so that each is a message of its own in the stream.
constexpr uint32_t kEventsOfARequest = 10;
constexpr auto kSettle = std::chrono::milliseconds(500);

std::string TopicOf(uint32_t number) { return absl::StrCat("bench/", number % kTopics); }

class Times {
 public:
  Times(const std::vector<const ServerProcess*>& bridges, const NatsServers& servers)
      : bridges_(bridges), servers_(servers) {
    Restart();
  }
  void Restart() {
    began_.clear();
    for (const ServerProcess* bridge : bridges_) began_.push_back(bridge->CpuTime());
    began_.push_back(servers_.CpuTime());
  }
  std::vector<absl::Duration> Used() const {
    std::vector<absl::Duration> used;
    for (const ServerProcess* bridge : bridges_) used.push_back(bridge->CpuTime());
    used.push_back(servers_.CpuTime());
    for (size_t i = 0; i < used.size(); ++i) used[i] -= began_[i];
    return used;
  }

 private:
  const std::vector<const ServerProcess*> bridges_;
  const NatsServers& servers_;
  std::vector<absl::Duration> began_;
};

}  // namespace

TailCosts MeasureTailCosts(const std::string& program, const NatsServers& servers,
                           uint32_t events_per_second, uint32_t seconds) {
  BridgeProcess publishing(program, SharingConfiguration(servers, 0));
  const BridgeProcess reading(program, SharingConfiguration(servers, 1));
  const BridgeProcess elsewhere(program, SharingConfiguration(servers, 1));
  const BridgeProcess idle(program, SharingConfiguration(servers, 1));
  std::vector<std::unique_ptr<EventStream>> streams;
  for (uint32_t topic = 0; topic < kTopics; ++topic) {
    streams.push_back(std::make_unique<EventStream>(reading.port(), TopicOf(topic)));
  }
  streams.push_back(std::make_unique<EventStream>(elsewhere.port(), "bench/quiet"));
  std::this_thread::sleep_for(kSettle);

  Times times({&publishing.process(), &reading.process(), &elsewhere.process(), &idle.process()},
              servers);
  const auto period = std::chrono::microseconds(1'000'000) * kEventsOfARequest / events_per_second;
  const uint32_t requests = events_per_second * seconds / kEventsOfARequest;
  // As long without events first, to know what none cost.
  std::this_thread::sleep_for(period * requests);
  const std::vector<absl::Duration> quiet = times.Used();
  times.Restart();
  auto next = std::chrono::steady_clock::now();
  uint32_t number = 0;
  for (uint32_t sent = 0; sent < requests; ++sent, next += period) {
    std::this_thread::sleep_until(next);
    v1::PublishRequest request;
    for (uint32_t event = 0; event < kEventsOfARequest; ++event, ++number) {
      AddEvent(request, TopicOf(number), number);
    }
    publishing.Publish(request);
  }
  std::this_thread::sleep_until(next);
  std::vector<double> costs;
  const std::vector<absl::Duration> busy = times.Used();
  for (size_t i = 0; i < busy.size(); ++i) {
    costs.push_back(absl::ToDoubleMicroseconds(busy[i] - quiet[i]) / number);
  }
  return {costs[0], costs[1], costs[2], costs[3], costs[4]};
}

}  // namespace sluice::bench
