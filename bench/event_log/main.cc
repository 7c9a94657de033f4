// Compares the event logs in one run: what a topic costs, appends, and replays among ever more
// events.
#include <algorithm>
#include <chrono>
#include <cinttypes>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/flags/flag.h"
#include "absl/flags/parse.h"
#include "absl/strings/match.h"
#include "bench/event_log/appends.h"
#include "bench/event_log/logs.h"
#include "bench/event_log/replays.h"
#include "bench/event_log/topic_costs.h"
#include "bench/figures/bounds.h"
#include "bench/figures/statistics.h"

ABSL_FLAG(int, runs, 5, "Rounds of appends, of which the medians are reported; 0: leave them out");
ABSL_FLAG(int, milliseconds, 1000, "How long each log is appended to, in each round");
ABSL_FLAG(uint64_t, events, 10'000'000,
          "Among how many events a topic's ten are read, at most; 0: leave it out");
ABSL_FLAG(uint64_t, events_in_memory, 1'000'000, "The same of the log in memory");
ABSL_FLAG(uint64_t, events_in_jetstream, 1'000'000, "The same of logs in JetStream");
ABSL_FLAG(int, reads, 2000, "How many topics are read, at each size");
ABSL_FLAG(uint64_t, topics, 1'000'000, "Topics whose costs are measured; 0: leave it out");
ABSL_FLAG(std::string, only, "", "Logs whose names hold this, and the one in memory");
ABSL_FLAG(std::string, folder, ".", "Where the disk is that is written to");
ABSL_FLAG(bool, check, false, "Exit with 1 when a figure is missed");

namespace sluice::bench {
namespace {

constexpr uint64_t kEventsAtFirst = 100'000;
constexpr int kManyPublishers = 100;
constexpr char kAlwaysSynced[] = "rocksdb, sync: always";

struct Rates {
  std::vector<double> one;
  std::vector<double> many;
};

void CompareTopicCosts(const std::vector<LogKind>& kinds, const std::filesystem::path& folder) {
  const uint64_t topics = absl::GetFlag(FLAGS_topics);
  std::printf("| a topic with one event, of %" PRIu64
              " | bridge's memory | server's memory | disk |\n",
              topics);
  std::puts("|---|---:|---:|---:|");
  for (const LogKind& kind : kinds) {
    if (!kind.represents) continue;
    const TopicCosts costs = MeasureTopicCosts(kind, topics, folder);
    std::printf("| %s | %.0f B | %.0f B | %.0f B |\n", kind.name.c_str(), costs.bridge_bytes,
                costs.server_bytes, costs.disk_bytes);
    std::fflush(stdout);
  }
  std::puts("");
}

// One round after the other, so that what disturbs one log disturbs all.
void CompareAppends(const std::vector<LogKind>& kinds, const std::filesystem::path& folder,
                    std::vector<Bound>& bounds) {
  const std::chrono::milliseconds time(absl::GetFlag(FLAGS_milliseconds));
  std::vector<Rates> rates(kinds.size());
  std::vector<double> syncs;
  for (int run = 0; run < absl::GetFlag(FLAGS_runs); ++run) {
    syncs.push_back(MeasureSyncs(time, folder));
    for (size_t kind = 0; kind < kinds.size(); ++kind) {
      const RunningLog log(kinds[kind], folder);
      rates[kind].one.push_back(MeasureAppends(*log, 1, time));
      rates[kind].many.push_back(MeasureAppends(*log, kManyPublishers, time));
    }
  }
  std::printf(
      "| appends of 200 bytes in a second | 1 publisher | of memory | %d publishers | of memory "
      "|\n",
      kManyPublishers);
  std::puts("|---|---:|---:|---:|---:|");
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    const double one = Median(rates[kind].one);
    const double many = Median(rates[kind].many);
    std::printf("| %s | %.0f | %.4f | %.0f | %.4f |\n", kinds[kind].name.c_str(), one,
                one / Median(rates[0].one), many, many / Median(rates[0].many));
    // Who waits shares what it waits for.
    if (kinds[kind].name == kAlwaysSynced) {
      bounds.push_back({.name = kinds[kind].name + ": appends of 100 publishers",
                        .value = many / one,
                        .at_least = 4,
                        .unit = "x those of one"});
      bounds.push_back({.name = kinds[kind].name + ": appends of one publisher",
                        .value = one / Median(syncs),
                        .at_least = 0.4,
                        .unit = "x bare syncs"});
    }
  }
  std::printf("| (`write` and `fdatasync` of 200 bytes) | %.0f | %.4f | | |\n\n", Median(syncs),
              Median(syncs) / Median(rates[0].one));
  std::fflush(stdout);
}

std::vector<uint64_t> Sizes(uint64_t most) {
  std::vector<uint64_t> sizes;
  for (uint64_t size = kEventsAtFirst; size < most; size *= 10) sizes.push_back(size);
  sizes.push_back(most);
  return sizes;
}

// What fits, and what can be stored in a time that somebody waits.
uint64_t MostEvents(const LogKind& kind, const LogKind& memory) {
  if (&kind == &memory) return absl::GetFlag(FLAGS_events_in_memory);
  if (kind.name.starts_with("jetstream")) return absl::GetFlag(FLAGS_events_in_jetstream);
  return UINT64_MAX;
}

void CompareReplays(const std::vector<LogKind>& kinds, const std::filesystem::path& folder,
                    std::vector<Bound>& bounds) {
  std::puts("| replay of 10 events of a topic | among | p50 | p99 | p50 of the first |");
  std::puts("|---|---:|---:|---:|---:|");
  for (const LogKind& kind : kinds) {
    if (!kind.represents) continue;
    const uint64_t most = std::min(absl::GetFlag(FLAGS_events), MostEvents(kind, kinds.front()));
    const RunningLog log(kind, folder);
    const std::vector<ReplayTimes> times =
        MeasureReplays(*log, Sizes(most), absl::GetFlag(FLAGS_reads));
    for (const ReplayTimes& at : times) {
      std::printf("| %s | %" PRIu64 " | %.0f µs | %.0f µs | %.1f |\n", kind.name.c_str(), at.stored,
                  at.p50_us, at.p99_us, at.p50_us / times.front().p50_us);
    }
    std::fflush(stdout);
    // (The one in memory reads in a microsecond: caches decide.)
    if (&kind == &kinds.front() || times.size() < 2) continue;
    bounds.push_back({.name = kind.name + ": a replay among " + std::to_string(most) + " events",
                      .value = times.back().p50_us / times.front().p50_us,
                      .at_most = 6,
                      .unit = "x one among " + std::to_string(kEventsAtFirst)});
  }
}

int Main() {
  const std::filesystem::path folder = absl::GetFlag(FLAGS_folder);
  std::vector<LogKind> kinds = LogKinds();
  std::erase_if(kinds, [&](const LogKind& kind) {
    return &kind != &kinds.front() && !absl::StrContains(kind.name, absl::GetFlag(FLAGS_only));
  });
  std::vector<Bound> bounds;
  // First, while this process has no threads.
  if (absl::GetFlag(FLAGS_topics) > 0) CompareTopicCosts(kinds, folder);
  if (absl::GetFlag(FLAGS_runs) > 0) CompareAppends(kinds, folder, bounds);
  if (absl::GetFlag(FLAGS_events) > 0) CompareReplays(kinds, folder, bounds);
  PrintBounds(bounds);
  return CheckBounds(bounds) || !absl::GetFlag(FLAGS_check) ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace
}  // namespace sluice::bench

int main(int argc, char** argv) {
  absl::ParseCommandLine(argc, argv);
  return sluice::bench::Main();
}
