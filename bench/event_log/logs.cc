#include "bench/event_log/logs.h"

#include <chrono>
#include <future>
#include <semaphore>
#include <thread>
#include <utility>

#include "bench/process/fail.h"
#include "bridge/base/clock.h"
#include "bridge/event_log/memory/memory_event_log.h"
#if SLUICE_ROCKSDB
#include "bridge/event_log/rocksdb/rocksdb_event_log.h"
#endif
#if SLUICE_JETSTREAM
#include "bridge/event_log/jetstream/jetstream_event_log.h"
#endif

namespace sluice::bench {
namespace {

constexpr size_t kEventBytes = 200;
constexpr uint64_t kEventsOfARequest = 1000;
constexpr uint64_t kRequestsAtOnce = 8;
constexpr auto kOpening = std::chrono::seconds(30);

template <class T>
T Must(absl::StatusOr<T> made) {
  if (!made.ok()) Fail(std::string(made.status().message()));
  return *std::move(made);
}

LogKind Memory() {
  return {"memory", true, [](const std::filesystem::path&) -> MadeLog {
            return {nullptr,
                    MakeMemoryEventLog({.events_per_topic = UINT32_MAX, .total_bytes = SIZE_MAX},
                                       Clock::System())};
          }};
}

#if SLUICE_ROCKSDB
LogKind Rocksdb(std::string name, Durability sync, bool represents) {
  return {std::move(name), represents, [sync](const std::filesystem::path& folder) -> MadeLog {
            RocksdbEventLogOptions options;
            options.path = folder;
            options.sync = sync;
            options.events_per_topic = UINT32_MAX;
            options.total_bytes = UINT64_MAX;
            return {nullptr, Must(MakeRocksdbEventLog(options, Clock::System()))};
          }};
}
#endif

#if SLUICE_JETSTREAM
LogKind JetStream(std::string name, int servers, bool represents) {
  return {std::move(name), represents, [servers](const std::filesystem::path& folder) -> MadeLog {
            MadeLog made;
            made.servers = std::make_unique<NatsServers>(servers, folder);
            JetStreamEventLogOptions options;
            options.nats.servers = made.servers->addresses();
            options.replicas = static_cast<uint32_t>(servers);
            made.log = Must(MakeJetStreamEventLog(options));
            return made;
          }};
}
#endif

// (A log that others keep opens when they are ready, a cluster's when it has a leader.)
void AwaitOpen(EventLog& log) {
  const auto late = std::chrono::steady_clock::now() + kOpening;
  for (absl::Status status; !(status = log.Health()).ok();) {
    if (std::chrono::steady_clock::now() > late) Fail(std::string(status.message()));
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  AppendAndWait(log, {MakeEvent("bench/opening")});
}

}  // namespace

std::vector<LogKind> LogKinds() {
  std::vector<LogKind> kinds = {Memory()};
#if SLUICE_ROCKSDB
  kinds.push_back(Rocksdb("rocksdb, sync: always", Durability::kAlways, false));
  kinds.push_back(Rocksdb("rocksdb, sync: interval", Durability::kInterval, false));
  kinds.push_back(Rocksdb("rocksdb, sync: never", Durability::kNever, true));
#endif
#if SLUICE_JETSTREAM
  if (NatsServers::Installed()) {
    kinds.push_back(JetStream("jetstream, replicas: 1", 1, true));
    kinds.push_back(JetStream("jetstream, replicas: 3", 3, false));
  }
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
  if (const absl::Status status = answer.get_future().get(); !status.ok()) {
    Fail(std::string(status.message()));
  }
}

void AppendMany(EventLog& log, uint64_t count,
                const std::function<std::string(uint64_t event)>& topic_of) {
  std::counting_semaphore<> room(kRequestsAtOnce);
  for (uint64_t event = 0; event < count;) {
    std::vector<Event> events;
    for (; event < count && events.size() < kEventsOfARequest; ++event) {
      events.push_back(MakeEvent(topic_of(event)));
    }
    room.acquire();
    log.Append({.events = std::move(events)}, [&room](const auto& results) {
      if (!results.ok()) Fail(std::string(results.status().message()));
      room.release();
    });
  }
  for (uint64_t request = 0; request < kRequestsAtOnce; ++request) room.acquire();
}

RunningLog::RunningLog(const LogKind& kind, const std::filesystem::path& parent)
    : folder_(parent / "event_log_bench.d"), made_((remove_all(folder_), kind.make(folder_))) {
  made_.log->Start(&tail_);
  AwaitOpen(*made_.log);
}

RunningLog::~RunningLog() {
  made_.log.reset();
  made_.servers.reset();
  remove_all(folder_);
}

}  // namespace sluice::bench
