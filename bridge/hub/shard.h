// One core's topics and subscribers: one thread, one io_context, no locks but
// the inbox's.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/event_log/event_log.h"
#include "bridge/hub/subscriber.h"

namespace boost::asio {
class io_context;
}

namespace sluice {

class Clock;
class TopicInterest;
struct Metrics;
struct Revocation;

struct ShardOptions {
  size_t window_bytes = 1 << 20;     // newest frames of one topic
  size_t windows_bytes = 256 << 20;  // of all topics together
  uint32_t inbox_events = 65536;
  uint32_t replays = 64;  // reads of the log at once
};

class Shard {
 public:
  // `interest` may be null: nobody wants to know.
  Shard(ShardIndex index, ShardOptions options, EventLog& log, const Clock& clock, Metrics& metrics,
        TopicInterest* interest = nullptr);
  ~Shard();
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  ShardIndex index() const;
  boost::asio::io_context& context();
  EventLog& log();
  const Clock& clock() const;
  Metrics& metrics();

  // Any thread.
  void Deliver(std::span<const StoredEventPtr> events);
  void Lost(Partition partition);
  uint64_t delivered() const;  // events sent, for statistics
  uint64_t subscribers() const;

  // The shard's thread. Begins the ticks; before the context runs.
  void Start();
  // The newest position of the partition: everything of it up to there has been handed on.
  // Epoch 0: none is known yet.
  EventId RefreshPosition(Partition partition);
  void CountDelivered(uint64_t events);
  void ForEachSubscriber(const std::function<void(const Subscriber&)>& visit) const;
  void ForEachTopic(
      const std::function<void(std::string_view topic, uint64_t subscribers)>& visit) const;
  // How many wait for their turn (with those who have just had it).
  size_t ready() const;
  // Asks every subscriber to leave; `retry_ms` plus up to as much again.
  void Drain(uint32_t retry_ms);
  // The same of those who read `topic`.
  void CloseTopic(std::string_view topic, Reason reason, uint32_t retry_ms);
  void CutAll(Reason reason);
  // Ends those that it hits, each after it was `found`; answers how many.
  size_t Disconnect(const Revocation& revocation, DisconnectedBy by,
                    const std::function<void(const SubscriberDescription&)>& found);
  // Asks all to find out, within this time, whether they are still allowed.
  void Doubt(absl::Duration within);

 private:
  friend class Attendance;
  friend class Subscription;
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice
