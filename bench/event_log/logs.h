// The event logs that are compared.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/process/nats_servers.h"
#include "bridge/event_log/event_log.h"

namespace sluice::bench {

struct MadeLog {
  std::unique_ptr<NatsServers> servers;  // of a log that is kept there; else null
  std::unique_ptr<EventLog> log;
};

struct LogKind {
  std::string name;
  // Whether reads and memory are measured of it: where several keep events in the same way, of one.
  bool represents = true;
  // Empty; with room for as much as is stored in it. On the disk: in `folder`, which is its own.
  std::function<MadeLog(const std::filesystem::path& folder)> make;
};

// Those that are built in, and whose servers are installed. The first is the one in memory,
// which the others are measured against.
std::vector<LogKind> LogKinds();

// An event of 200 bytes.
Event MakeEvent(std::string topic);

// Appends and waits for the answer; ends the process where there is an error.
void AppendAndWait(EventLog& log, std::vector<Event> events);

// Appends `count` events, the topics of which `topic_of` names, many in a request and many
// requests at a time; returns when all are stored.
void AppendMany(EventLog& log, uint64_t count,
                const std::function<std::string(uint64_t event)>& topic_of);

// A log that is started and stores, in a folder that goes away with it.
class RunningLog {
 public:
  RunningLog(const LogKind& kind, const std::filesystem::path& parent);
  ~RunningLog();
  EventLog& operator*() const { return *made_.log; }
  EventLog* operator->() const { return made_.log.get(); }
  // Null: it is in this process.
  const NatsServers* servers() const { return made_.servers.get(); }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  class NoTail final : public Tail {
   public:
    void Deliver(ShardIndex, std::span<const StoredEventPtr>) override {}
  };
  std::filesystem::path folder_;
  NoTail tail_;
  MadeLog made_;
};

}  // namespace sluice::bench
