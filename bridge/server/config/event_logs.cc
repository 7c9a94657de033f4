#include "bridge/server/config/event_logs.h"

#include <filesystem>

#include "bridge/server/config/jetstream_event_log.h"
#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

MemoryEventLogOptions BuildMemory(const config::v1::MemoryEventLog& memory, Findings* findings) {
  MemoryEventLogOptions options;
  const std::string path = "event_log.memory.";
  SetNumber(memory.has_events_per_topic(), memory.events_per_topic(), path + "events_per_topic",
            &options.events_per_topic, findings);
  SetNumber(memory.has_total_bytes(), memory.total_bytes(), path + "total_bytes",
            &options.total_bytes, findings);
  SetTime(memory.has_max_age(), memory.max_age(), path + "max_age", &options.max_age, findings);
  SetTime(memory.has_deduplication_window(), memory.deduplication_window(),
          path + "deduplication_window", &options.deduplication_window, findings);
  SetNumber(memory.has_deduplication_ids(), memory.deduplication_ids(), path + "deduplication_ids",
            &options.deduplication_ids, findings);
  return options;
}

RocksdbEventLogOptions BuildRocksdb(const config::v1::RocksdbEventLog& rocksdb,
                                    const std::string& folder, Findings* findings) {
  RocksdbEventLogOptions options;
  const std::string path = "event_log.rocksdb.";
  if (!SLUICE_ROCKSDB) {
    findings->Error("event_log.rocksdb",
                    "is not built in: build with librocksdb-dev and SLUICE_ROCKSDB=ON");
    return options;
  }
  if (rocksdb.path().empty()) findings->Error(path + "path", "is required: the log's folder");
  options.path = std::filesystem::path(folder) / rocksdb.path();
  SetWord(rocksdb.sync(), path + "sync",
          {{"always", Durability::kAlways},
           {"interval", Durability::kInterval},
           {"never", Durability::kNever}},
          &options.sync, findings);
  SetTime(rocksdb.has_sync_interval(), rocksdb.sync_interval(), path + "sync_interval",
          &options.sync_interval, findings);
  if (rocksdb.has_sync_interval() && options.sync != Durability::kInterval) {
    findings->Error(path + "sync_interval", "is of no use without sync: interval");
  }
  SetNumber(rocksdb.has_events_per_topic(), rocksdb.events_per_topic(), path + "events_per_topic",
            &options.events_per_topic, findings);
  SetNumber(rocksdb.has_total_bytes(), rocksdb.total_bytes(), path + "total_bytes",
            &options.total_bytes, findings);
  SetTime(rocksdb.has_max_age(), rocksdb.max_age(), path + "max_age", &options.max_age, findings);
  SetTime(rocksdb.has_deduplication_window(), rocksdb.deduplication_window(),
          path + "deduplication_window", &options.deduplication_window, findings);
  SetNumber(rocksdb.has_deduplication_ids(), rocksdb.deduplication_ids(),
            path + "deduplication_ids", &options.deduplication_ids, findings);
  SetNumber(rocksdb.has_queue_bytes(), rocksdb.queue_bytes(), path + "queue_bytes",
            &options.queue_bytes, findings);
  options.verify_checksums = rocksdb.verify_checksums();
  return options;
}

}  // namespace

EventLogOptions BuildEventLog(const config::v1::EventLog& event_log, const std::string& folder,
                              Findings* findings) {
  if (event_log.has_rocksdb()) return BuildRocksdb(event_log.rocksdb(), folder, findings);
  if (event_log.has_jetstream()) return BuildJetStream(event_log.jetstream(), folder, findings);
  return BuildMemory(event_log.memory(), findings);
}

}  // namespace sluice
