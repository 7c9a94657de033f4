#include "bridge/server/config/event_logs.h"

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

}  // namespace

EventLogOptions BuildEventLog(const config::v1::EventLog& event_log, const std::string& /*folder*/,
                              Findings* findings) {
  return BuildMemory(event_log.memory(), findings);
}

}  // namespace sluice
