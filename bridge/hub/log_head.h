// What this bridge knows by itself of where a partition stands, before the log is read.
#pragma once

#include "bridge/event_log/event_log.h"

namespace sluice {

// The newest position we know of, with the epoch that it is of. Epoch 0: none is known yet.
EventId HeadOf(const EventLog& log, Partition partition);

// Whether a client was surely given this id: it is of our epoch, and not past our head. Where it
// is not so, only the log can tell (AfterId): our own head may lag behind another bridge's.
bool IsUpToHead(const EventLog& log, Partition partition, const EventId& id);

// OK: the topics lie in one partition. INVALID_ARGUMENT names two that do not: their events have
// no common order, and no id could stand for a place in both.
absl::Status CheckOnePartition(const EventLog& log, std::span<const std::string> topics);

}  // namespace sluice
