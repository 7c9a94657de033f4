// Compares the event logs in one run: appends and replays, each as a ratio to the log in memory.
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "bench/event_log/appends.h"
#include "bench/event_log/replays.h"

ABSL_FLAG(int, runs, 5, "Rounds of appends; medians are reported");
ABSL_FLAG(int, milliseconds, 1000, "How long each log is appended to, in each round");
ABSL_FLAG(uint64_t, stored, 1'000'000, "Among how many events a topic's ten are read");
ABSL_FLAG(uint64_t, stored_in_memory, 1'000'000, "The same of the log in memory, at most");
ABSL_FLAG(int, reads, 2000, "How many topics are read");
ABSL_FLAG(std::string, folder, ".", "Where the disk is that is written to");

namespace sluice::bench {
namespace {

constexpr uint64_t kFewStored = 10'000;
constexpr int kManyPublishers = 100;

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// One round after the other, so that what disturbs one log disturbs all.
void CompareAppends(const std::vector<LogKind>& kinds, const std::filesystem::path& folder) {
  const std::chrono::milliseconds time(absl::GetFlag(FLAGS_milliseconds));
  std::printf(
      "| appends of 200 bytes in a second | 1 publisher | of memory | %d publishers | of memory "
      "|\n",
      kManyPublishers);
  std::printf("|---|---|---|---|---|\n");
  std::vector<std::vector<double>> one(kinds.size());
  std::vector<std::vector<double>> many(kinds.size());
  std::vector<double> syncs;
  for (int run = 0; run < absl::GetFlag(FLAGS_runs); ++run) {
    syncs.push_back(MeasureSyncs(time, folder));
    for (size_t kind = 0; kind < kinds.size(); ++kind) {
      one[kind].push_back(MeasureAppends(kinds[kind], 1, time, folder));
      many[kind].push_back(MeasureAppends(kinds[kind], kManyPublishers, time, folder));
    }
  }
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    std::printf("| %s | %.0f | %.4f | %.0f | %.4f |\n", kinds[kind].name.c_str(), Median(one[kind]),
                Median(one[kind]) / Median(one[0]), Median(many[kind]),
                Median(many[kind]) / Median(many[0]));
  }
  std::printf("| (`write` and `fdatasync` of 200 bytes) | %.0f | %.4f | | |\n\n", Median(syncs),
              Median(syncs) / Median(one[0]));
}

void CompareReplays(const std::vector<LogKind>& kinds, const std::filesystem::path& folder) {
  const int reads = absl::GetFlag(FLAGS_reads);
  std::printf("| replay of 10 events of a topic | among | p50 µs | p99 µs | p50 of memory |\n");
  std::printf("|---|---|---|---|---|\n");
  const uint64_t many = absl::GetFlag(FLAGS_stored);
  double in_memory = 0;
  for (const LogKind& kind : kinds) {
    const bool is_memory = &kind == &kinds.front();
    // (How a write was synced makes no difference to who reads it.)
    if (!is_memory && &kind != &kinds.back()) continue;
    const uint64_t most = is_memory ? std::min(many, absl::GetFlag(FLAGS_stored_in_memory)) : many;
    for (const uint64_t stored : {kFewStored, most}) {
      const ReplayTimes times = MeasureReplays(kind, stored, reads, folder);
      if (is_memory) in_memory = times.p50_us;
      std::printf("| %s | %" PRIu64 " | %.0f | %.0f | %.1f |\n", kind.name.c_str(), stored,
                  times.p50_us, times.p99_us, times.p50_us / in_memory);
      std::fflush(stdout);
    }
  }
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  const std::vector<sluice::bench::LogKind> kinds = sluice::bench::LogKinds();
  const std::filesystem::path folder = absl::GetFlag(FLAGS_folder);
  sluice::bench::CompareAppends(kinds, folder);
  sluice::bench::CompareReplays(kinds, folder);
  return EXIT_SUCCESS;
}
