#include "bench/fanout/load.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <semaphore>
#include <thread>
#include <vector>

#include "bench/fanout/payload.h"

namespace sluice::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

// The events of a load, as they are published and received.
class Course {
 public:
  Course(const Load& load, uint32_t first, uint32_t subscribers)
      : load_(load),
        first_(first),
        in_flight_(load.requests_in_flight),
        published_at_(load.requests),
        missing_(load.requests, load.events_per_request * subscribers) {
    latencies_ms_.reserve(size_t{load.requests} * load.events_per_request * subscribers);
  }

  uint32_t last() const { return first_ + load_.requests * load_.events_per_request - 1; }

  // The publisher's thread.
  void PublishAll(Broadcaster& broadcaster) {
    std::vector<std::string> payloads(load_.events_per_request);
    uint32_t number = first_;
    for (uint32_t request = 0; request < load_.requests; ++request) {
      for (std::string& payload : payloads) payload = Payload(number++);
      in_flight_.acquire();
      published_at_[request].store(SteadyClock::now(), std::memory_order_relaxed);
      broadcaster.Publish(payloads);
    }
  }

  // The subscribers' thread.
  void Receive(uint32_t number) {
    const uint32_t request = (number - first_) / load_.events_per_request;
    const SteadyClock::duration latency =
        SteadyClock::now() - published_at_[request].load(std::memory_order_relaxed);
    latencies_ms_.push_back(std::chrono::duration<float, std::milli>(latency).count());
    if (--missing_[request] == 0) in_flight_.release();
  }

  double LatencyMs(double quantile) {
    const auto at = latencies_ms_.begin() +
                    static_cast<ptrdiff_t>(quantile * static_cast<double>(latencies_ms_.size()));
    std::nth_element(latencies_ms_.begin(), at, latencies_ms_.end());
    return *at;
  }

 private:
  const Load& load_;
  const uint32_t first_;
  std::counting_semaphore<> in_flight_;
  std::vector<std::atomic<SteadyClock::time_point>> published_at_;
  std::vector<uint32_t> missing_;  // deliveries, by request
  std::vector<float> latencies_ms_;
};

}  // namespace

Figures Run(const Load& load, Broadcaster& broadcaster, Subscribers& subscribers) {
  Course course(load, subscribers.newest() + 1, subscribers.count());
  const absl::Duration cpu_before = broadcaster.process().CpuTime();
  const auto began = SteadyClock::now();

  std::thread publisher([&] { course.PublishAll(broadcaster); });
  subscribers.ReceiveThrough(course.last(), [&](uint32_t number) { course.Receive(number); });
  publisher.join();

  const std::chrono::duration<double> took = SteadyClock::now() - began;
  const absl::Duration cpu = broadcaster.process().CpuTime() - cpu_before;
  const double deliveries =
      double{1} * load.requests * load.events_per_request * subscribers.count();
  return {absl::ToDoubleMicroseconds(cpu) / deliveries, deliveries / took.count(),
          course.LatencyMs(0.5), course.LatencyMs(0.99)};
}

}  // namespace sluice::bench
