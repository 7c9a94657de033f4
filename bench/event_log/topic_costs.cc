#include "bench/event_log/topic_costs.h"

#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "bench/process/fail.h"

namespace sluice::bench {
namespace {

constexpr uint64_t kEventsBefore = 1000;

int64_t DiskBytes(const std::filesystem::path& folder) {
  int64_t bytes = 0;
  if (!std::filesystem::exists(folder)) return bytes;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += static_cast<int64_t>(entry.file_size());
  }
  return bytes;
}

struct Used {
  explicit Used(const RunningLog& log)
      : bridge(OwnAnonymousBytes()),
        server(log.servers() != nullptr ? log.servers()->AnonymousBytes() : 0),
        disk(DiskBytes(log.folder())) {}
  int64_t bridge;
  int64_t server;
  int64_t disk;
};

TopicCosts Measure(const LogKind& kind, uint64_t topics, const std::filesystem::path& folder) {
  const RunningLog log(kind, folder);
  // What the first events bring with them is not a topic's.
  AppendMany(*log, kEventsBefore, [](uint64_t event) { return "first/" + std::to_string(event); });
  const Used before(log);
  AppendMany(*log, topics, [](uint64_t event) { return "conversation/" + std::to_string(event); });
  const Used after(log);
  const auto of_each = [topics](int64_t bytes) {
    return static_cast<double>(bytes) / static_cast<double>(topics);
  };
  return {of_each(after.bridge - before.bridge), of_each(after.server - before.server),
          of_each(after.disk - before.disk)};
}

}  // namespace

TopicCosts MeasureTopicCosts(const LogKind& kind, uint64_t topics,
                             const std::filesystem::path& folder) {
  int ends[2];
  Must(pipe(ends), "pipe");
  const pid_t child = Must(fork(), "fork");
  if (child == 0) {
    const TopicCosts costs = Measure(kind, topics, folder);
    _exit(write(ends[1], &costs, sizeof(costs)) == sizeof(costs) ? 0 : 2);
  }
  close(ends[1]);
  TopicCosts costs{};
  const bool told = read(ends[0], &costs, sizeof(costs)) == sizeof(costs);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  if (!told) Fail("a measurement has ended without a result");
  return costs;
}

}  // namespace sluice::bench
