// How fast events are appended by publishers who wait for each answer.
#pragma once

#include <chrono>
#include <filesystem>

#include "bridge/event_log/event_log.h"

namespace sluice::bench {

// Events in a second. Every publisher is a thread with a topic of its own.
double MeasureAppends(EventLog& log, int publishers, std::chrono::milliseconds time);

// What the disk can do: as many bytes, written and synced, again and again; in a second.
double MeasureSyncs(std::chrono::milliseconds time, const std::filesystem::path& folder);

}  // namespace sluice::bench
