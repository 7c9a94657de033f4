// Which event log keeps the events, and how much of them.
#pragma once

#include <string>
#include <variant>

#include "bridge/event_log/jetstream/jetstream_event_log.h"
#include "bridge/event_log/memory/memory_event_log.h"
#include "bridge/event_log/rocksdb/rocksdb_event_log.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class EventLog;
}

namespace sluice {

using EventLogOptions =
    std::variant<MemoryEventLogOptions, RocksdbEventLogOptions, JetStreamEventLogOptions>;

// Paths in it begin at `folder`.
EventLogOptions BuildEventLog(const config::v1::EventLog& event_log, const std::string& folder,
                              Findings* findings);

}  // namespace sluice
