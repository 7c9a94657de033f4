// The set of shards, and the log's tail that feeds them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bridge/event_log/event_log.h"
#include "bridge/hub/shard.h"
#include "bridge/hub/topic_interest.h"

namespace sluice {

class Hub final : public Tail {
 public:
  Hub(uint32_t shards, ShardOptions options, EventLog& log, const Clock& clock, Metrics& metrics);
  ~Hub() override;

  // Starts and ends the shards' threads.
  void Start();
  void Stop();

  size_t size() const { return shards_.size(); }
  Shard& shard(size_t index) { return *shards_[index]; }
  // Takes turns; for subscribers that do not come by a shard's own listener.
  Shard& NextShard();

  // Runs `visit` on every shard's thread, one after another, then `done` on the
  // last one's.
  void Visit(std::function<void(Shard&)> visit, std::function<void()> done);

  // Asks every subscriber of the topic to leave, and to come back after `retry_ms` or
  // up to twice that. Any thread.
  void CloseTopic(std::string topic, Reason reason, uint32_t retry_ms);

  // Asks all subscribers to find out, within this time, whether they are still allowed.
  // Any thread.
  void Doubt(absl::Duration within);

  TopicInterest& interest() { return interest_; }

  void Deliver(ShardIndex shard, std::span<const StoredEventPtr> events) override;
  void Lost(ShardIndex shard, Partition partition) override;

  uint64_t subscribers() const;
  uint64_t delivered() const;

 private:
  struct Threads;
  TopicInterest interest_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<Threads> threads_;
};

}  // namespace sluice
