// The event logs that are compared.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridge/event_log/event_log.h"

namespace sluice::bench {

struct LogKind {
  std::string name;
  // Empty; with room for as much as is stored in it. On the disk: in `folder`, which is its own.
  std::function<std::unique_ptr<EventLog>(const std::filesystem::path& folder)> make;
};

// The first is the one in memory, which the others are measured against.
std::vector<LogKind> LogKinds();

// An event of 200 bytes.
Event MakeEvent(std::string topic);

// Appends and waits for the answer; ends the process where there is an error.
void AppendAndWait(EventLog& log, std::vector<Event> events);

// A log that is started, in a folder that goes away with it.
class RunningLog {
 public:
  RunningLog(const LogKind& kind, const std::filesystem::path& parent);
  ~RunningLog();
  EventLog& operator*() const { return *log_; }
  EventLog* operator->() const { return log_.get(); }

 private:
  class NoTail final : public Tail {
   public:
    void Deliver(ShardIndex, std::span<const StoredEventPtr>) override {}
  };
  std::filesystem::path folder_;
  NoTail tail_;
  std::unique_ptr<EventLog> log_;
};

}  // namespace sluice::bench
