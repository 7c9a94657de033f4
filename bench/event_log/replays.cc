#include "bench/event_log/replays.h"

#include <chrono>
#include <cstdio>
#include <future>
#include <random>
#include <string>
#include <utility>

#include "bench/event_log/logs.h"
#include "bench/figures/statistics.h"
#include "bench/process/fail.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kEventsOfATopic = 10;

std::string TopicOf(uint64_t number) { return "conversation/" + std::to_string(number); }

double ReadOneInMicroseconds(EventLog& log, std::string topic) {
  std::promise<absl::StatusOr<size_t>> answer;
  const auto began = std::chrono::steady_clock::now();
  log.Read({.topic = std::move(topic), .start = Earliest{}}, [&answer](const auto& result) {
    if (result.ok()) return answer.set_value(result->events.size());
    answer.set_value(result.status());
  });
  const absl::StatusOr<size_t> events = answer.get_future().get();
  const auto took = std::chrono::steady_clock::now() - began;
  if (!events.ok()) Fail(std::string(events.status().message()));
  if (*events != kEventsOfATopic) Fail("a topic has lost some of its events");
  return std::chrono::duration<double, std::micro>(took).count();
}

}  // namespace

std::vector<ReplayTimes> MeasureReplays(EventLog& log, const std::vector<uint64_t>& sizes,
                                        int reads) {
  std::vector<ReplayTimes> measured;
  std::mt19937_64 random(1);  // NOLINT: the same topics for every log
  uint64_t stored = 0;
  for (const uint64_t size : sizes) {
    const uint64_t first = stored / kEventsOfATopic;
    const uint64_t topics = size / kEventsOfATopic;
    const auto began = std::chrono::steady_clock::now();
    AppendMany(log, size - stored,
               [&](uint64_t event) { return TopicOf(first + event % (topics - first)); });
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
    std::fprintf(stderr, "%.0f events stored in %.1f s\n", static_cast<double>(size - stored),
                 took.count());
    stored = size;
    std::uniform_int_distribution<uint64_t> any(0, topics - 1);
    std::vector<double> times;
    for (int read = 0; read < reads; ++read) {
      times.push_back(ReadOneInMicroseconds(log, TopicOf(any(random))));
    }
    measured.push_back({size, Quantile(times, 0.5), Quantile(times, 0.99)});
  }
  return measured;
}

}  // namespace sluice::bench
