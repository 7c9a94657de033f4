#include "bench/event_log/replays.h"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <future>
#include <random>
#include <string>
#include <utility>
#include <vector>

namespace sluice::bench {
namespace {

constexpr uint64_t kEventsOfATopic = 10;
constexpr uint64_t kEventsOfARequest = 1000;

std::string TopicOf(uint64_t number) { return "conversation/" + std::to_string(number); }

// Every topic's events lie far from each other in the order of the log.
void Fill(EventLog& log, uint64_t stored) {
  const uint64_t topics = std::max<uint64_t>(1, stored / kEventsOfATopic);
  for (uint64_t event = 0; event < stored;) {
    std::vector<Event> events;
    for (; event < stored && events.size() < kEventsOfARequest; ++event) {
      events.push_back(MakeEvent(TopicOf(event % topics)));
    }
    AppendAndWait(log, std::move(events));
  }
}

double ReadOneInMicroseconds(EventLog& log, std::string topic) {
  std::promise<size_t> answer;
  const auto began = std::chrono::steady_clock::now();
  log.Read({.topic = std::move(topic), .start = AfterOffset{0}}, [&answer](const auto& result) {
    answer.set_value(result.ok() ? result->events.size() : 0);
  });
  if (answer.get_future().get() != kEventsOfATopic) std::abort();
  return std::chrono::duration<double, std::micro>(std::chrono::steady_clock::now() - began)
      .count();
}

}  // namespace

ReplayTimes MeasureReplays(const LogKind& kind, uint64_t stored, int reads,
                           const std::filesystem::path& folder) {
  const RunningLog log(kind, folder);
  Fill(*log, stored);
  std::mt19937_64 random(1);  // NOLINT: the same topics for every log
  std::uniform_int_distribution<uint64_t> any(0, stored / kEventsOfATopic - 1);
  std::vector<double> times;
  for (int read = 0; read < reads; ++read) {
    times.push_back(ReadOneInMicroseconds(*log, TopicOf(any(random))));
  }
  std::sort(times.begin(), times.end());
  return {times[times.size() / 2], times[times.size() * 99 / 100]};
}

}  // namespace sluice::bench
