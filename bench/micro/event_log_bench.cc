// What it costs to store events and hand them to the shards that follow their
// topic: once per event, whatever the number of subscribers.
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "bridge/base/clock.h"
#include "bridge/event_log/event_log.h"
#include "bridge/event_log/memory/memory_event_log.h"

namespace sluice {
namespace {

class CountingTail final : public Tail {
 public:
  void Deliver(ShardIndex, std::span<const StoredEventPtr> events) override {
    delivered_ += events.size();
  }

 private:
  uint64_t delivered_ = 0;  // in the log's critical section
};

constexpr int kTopics = 100;

std::string TopicOf(int number) { return absl::StrCat("conversation/", number % kTopics); }

AppendRequest RequestOf(int events, int topic) {
  AppendRequest request;
  for (int i = 0; i < events; ++i) {
    Event event;
    event.topic = TopicOf(topic);
    event.type = "token";
    event.data = std::string(200, 'x');
    request.events.push_back(std::move(event));
  }
  return request;
}

// Arguments: events in a request, shards that follow every topic.
class Append : public benchmark::Fixture {
 public:
  void SetUp(const benchmark::State& state) override {
    if (state.thread_index() != 0) return;
    log_ = MakeMemoryEventLog({}, Clock::System());
    log_->Start(&tail_);
    for (int topic = 0; topic < kTopics; ++topic) {
      for (int shard = 0; shard < state.range(1); ++shard) log_->Follow(TopicOf(topic), shard);
    }
  }

  void TearDown(const benchmark::State& state) override {
    if (state.thread_index() == 0) log_.reset();
  }

 protected:
  CountingTail tail_;
  std::unique_ptr<EventLog> log_;
};

BENCHMARK_DEFINE_F(Append, Events)(benchmark::State& state) {
  const AppendRequest request = RequestOf(static_cast<int>(state.range(0)), state.thread_index());
  for (auto _ : state) {
    log_->Append(request, [](const auto& results) { benchmark::DoNotOptimize(results.ok()); });
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK_REGISTER_F(Append, Events)
    ->ArgNames({"events", "shards"})
    ->ArgsProduct({{1, 100}, {0, 2}});
BENCHMARK_REGISTER_F(Append, Events)
    ->Name("Append/EventsOfSeveralPublishers")
    ->ArgNames({"events", "shards"})
    ->ArgsProduct({{1, 100}, {2}})
    ->Threads(2)
    ->Threads(8)
    ->UseRealTime();

}  // namespace
}  // namespace sluice
