#include "bench/cluster/latencies.h"

#include <atomic>
#include <chrono>
#include <semaphore>
#include <thread>

#include "absl/strings/str_cat.h"
#include "bench/process/fail.h"

namespace sluice::bench {

std::vector<double> MeasureLatencies(Path& path, uint32_t events) {
  using SteadyClock = std::chrono::steady_clock;
  std::atomic<SteadyClock::time_point> published_at;
  std::binary_semaphore received(0);
  std::thread publisher([&] {
    for (uint32_t number = 1; number <= events; ++number) {
      published_at = SteadyClock::now();
      path.Publish(number);
      received.acquire();
    }
  });
  std::vector<double> latencies;
  for (uint32_t number = 1; number <= events; ++number) {
    const uint32_t came = path.Receive();
    const SteadyClock::duration latency = SteadyClock::now() - published_at.load();
    if (came != number) Fail(absl::StrCat(path.name(), ": event ", came, " instead of ", number));
    latencies.push_back(std::chrono::duration<double, std::milli>(latency).count());
    received.release();
  }
  publisher.join();
  return latencies;
}

}  // namespace sluice::bench
