#include "bench/event_log/logs.h"

#include <cstdio>
#include <cstdlib>
#include <future>
#include <utility>

#include "bridge/base/clock.h"
#include "bridge/event_log/memory/memory_event_log.h"
#if SLUICE_ROCKSDB
#include "bridge/event_log/rocksdb/rocksdb_event_log.h"
#endif

namespace sluice::bench {
namespace {

constexpr size_t kEventBytes = 200;

[[noreturn]] void Fail(const absl::Status& status) {
  std::fprintf(stderr, "event_log_bench: %s\n", std::string(status.message()).c_str());
  std::exit(EXIT_FAILURE);
}

#if SLUICE_ROCKSDB
LogKind Rocksdb(std::string name, Durability sync) {
  return {std::move(name), [sync](const std::filesystem::path& folder) {
            RocksdbEventLogOptions options;
            options.path = folder;
            options.sync = sync;
            options.events_per_topic = UINT32_MAX;
            options.total_bytes = UINT64_MAX;
            auto log = MakeRocksdbEventLog(options, Clock::System());
            if (!log.ok()) Fail(log.status());
            return *std::move(log);
          }};
}
#endif

}  // namespace

std::vector<LogKind> LogKinds() {
  std::vector<LogKind> kinds;
  kinds.push_back({"memory", [](const std::filesystem::path&) {
                     return MakeMemoryEventLog(
                         {.events_per_topic = UINT32_MAX, .total_bytes = SIZE_MAX},
                         Clock::System());
                   }});
#if SLUICE_ROCKSDB
  kinds.push_back(Rocksdb("rocksdb, sync: always", Durability::kAlways));
  kinds.push_back(Rocksdb("rocksdb, sync: interval", Durability::kInterval));
  kinds.push_back(Rocksdb("rocksdb, sync: never", Durability::kNever));
#endif
  return kinds;
}

Event MakeEvent(std::string topic) {
  Event event;
  event.topic = std::move(topic);
  event.type = "token";
  event.data = std::string(kEventBytes, 'x');
  return event;
}

void AppendAndWait(EventLog& log, std::vector<Event> events) {
  std::promise<absl::Status> answer;
  log.Append({.events = std::move(events)},
             [&answer](const auto& results) { answer.set_value(results.status()); });
  if (const absl::Status status = answer.get_future().get(); !status.ok()) Fail(status);
}

RunningLog::RunningLog(const LogKind& kind, const std::filesystem::path& parent)
    : folder_(parent / "event_log_bench.d"), log_((remove_all(folder_), kind.make(folder_))) {
  log_->Start(&tail_);
}

RunningLog::~RunningLog() {
  log_.reset();
  remove_all(folder_);
}

}  // namespace sluice::bench
