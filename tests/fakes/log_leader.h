// What a distributed log has really stored, as its leader knows it: the truth of which the
// nodes of a simulation (FaultyLog) see as much as the faults leave them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/event_log/event_log.h"

namespace sluice {

class LogLeader {
 public:
  explicit LogLeader(uint32_t partitions);
  // Told of every event that is stored.
  void OnStored(std::function<void(const StoredEvent&)> stored) { stored_ = std::move(stored); }

  // A topic is "<partition>/<name>".
  Partition PartitionOf(std::string_view topic) const;
  uint32_t partitions() const { return static_cast<uint32_t>(parts_.size()); }
  Epoch epoch(Partition partition) const { return parts_[partition].epoch; }
  Offset end(Partition partition) const { return parts_[partition].end; }
  // In offset order, those that are still there.
  const std::map<Offset, StoredEventPtr>& kept(Partition partition) const {
    return parts_[partition].kept;
  }
  // Everything up to here has been let go or was lost, or there never was anything: nobody
  // who has less can have the rest from the tail.
  Offset gone_through(Partition partition) const { return parts_[partition].gone_through; }

  // Under an id that is known nothing is stored, and the answer says so.
  AppendResult Store(std::string_view principal, Event event);
  // As it is now.
  ReadResult Read(const ReadRequest& request) const;

  // Retention: the topic's events up to `through`, or all events up to there. Answers the
  // topics that lost something, and through which offset each.
  using Drops = std::vector<std::pair<std::string, Offset>>;
  Drops DropTopic(const std::string& topic, Offset through);
  Drops DropAll(Partition partition, Offset through);
  // The partition is deleted and made anew.
  void MakeAnew(Partition partition);
  // A crash loses the newest, at most so many positions, and none that retention or an earlier
  // crash has touched; `skipped` more are never given. Answers after which position.
  Offset Crash(Partition partition, Offset lost_max, Offset skipped);

 private:
  struct Part {
    Epoch epoch = 0;
    Offset end = 0;
    Offset gone_through = 0;
    std::map<Offset, StoredEventPtr> kept;
    absl::flat_hash_map<std::string, Offset> dropped;
    std::map<Offset, Offset> holes;  // by their first offset
    std::map<std::string, AppendResult> known;
  };

  static Offset DroppedThrough(const Part& part, const std::string& topic);
  static Offset BehindHole(const Part& part, Offset offset);
  static void Begin(const Part& part, const ReadRequest& request, ReadResult* result);
  Drops Drop(Part& part, std::string_view topic, Offset through);

  std::vector<Part> parts_;
  std::function<void(const StoredEvent&)> stored_;
  Epoch last_epoch_ = 0x10;
};

}  // namespace sluice
