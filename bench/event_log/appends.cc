#include "bench/event_log/appends.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "bench/event_log/logs.h"

namespace sluice::bench {
namespace {

using Steady = std::chrono::steady_clock;

double InASecond(uint64_t count, Steady::time_point began) {
  return static_cast<double>(count) / std::chrono::duration<double>(Steady::now() - began).count();
}

}  // namespace

double MeasureAppends(EventLog& log, int publishers, std::chrono::milliseconds time) {
  std::atomic<uint64_t> appended = 0;
  const auto began = Steady::now();
  std::vector<std::thread> threads;
  for (int publisher = 0; publisher < publishers; ++publisher) {
    threads.emplace_back([&, topic = "conversation/" + std::to_string(publisher)] {
      uint64_t mine = 0;
      for (; Steady::now() - began < time; ++mine) {
        std::vector<Event> events;
        events.push_back(MakeEvent(topic));
        AppendAndWait(log, std::move(events));
      }
      appended += mine;
    });
  }
  for (std::thread& thread : threads) thread.join();
  return InASecond(appended, began);
}

double MeasureSyncs(std::chrono::milliseconds time, const std::filesystem::path& folder) {
  const std::filesystem::path path = folder / "event_log_bench.syncs";
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0600);
  const std::string bytes(200, 'x');
  uint64_t syncs = 0;
  const auto began = Steady::now();
  for (; Steady::now() - began < time; ++syncs) {
    if (write(file, bytes.data(), bytes.size()) < 0 || fdatasync(file) != 0) std::abort();
  }
  const double in_a_second = InASecond(syncs, began);
  close(file);
  std::filesystem::remove(path);
  return in_a_second;
}

}  // namespace sluice::bench
