// The inside of a shard, for the hub's own files.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "boost/asio/io_context.hpp"
#include "boost/asio/steady_timer.hpp"
#include "bridge/hub/attendance.h"
#include "bridge/hub/heartbeats.h"
#include "bridge/hub/inbox.h"
#include "bridge/hub/log_outages.h"
#include "bridge/hub/replay.h"
#include "bridge/hub/shard.h"
#include "bridge/hub/subscription.h"
#include "bridge/hub/topic_interest.h"
#include "bridge/hub/topic_window.h"
#include "bridge/hub/view_frames.h"

namespace sluice {

struct Shard::Parts {
  Parts(Shard& shard, ShardIndex index, ShardOptions options, EventLog& log, const Clock& clock,
        Metrics& metrics, TopicInterest* interest);

  // Subscriptions.
  void Add(Subscription& subscription);
  void Remove(Subscription& subscription);
  void CountSubscribers();
  // Every subscriber, from behind: whoever ends itself disturbs nobody.
  template <typename Visit>
  void VisitAll(const Visit& visit) {
    for (size_t i = subscriptions.size(); i-- > 0;) visit(subscriptions[i]->subscriber_);
    for (size_t i = attendances.size(); i-- > 0;) visit(attendances[i]->subscriber_);
  }
  // It will be told that it is ready, in a pass.
  void Wake(Subscription& subscription);

  // It will be, when the tail has told of more, or has nothing more to tell.
  void AwaitTail(Subscription& subscription);
  void TailHasMoved();

  // Windows.
  void Join(const std::string& topic, Subscription& subscription, size_t cursor);
  void Leave(const Subscription::Cursor& cursor);

  // The tail. One pass: take what came, then serve a slice of who is ready.
  void DrainInbox();
  EventId RefreshPosition(Partition partition);
  void Pass();
  void FetchAhead() const;
  void SchedulePass();

  void Tick();
  void TellOfOutages(absl::Time now);
  void ScheduleTick();

  const ShardIndex index;
  const ShardOptions options;
  EventLog& log;
  const Clock& clock;
  Metrics& metrics;
  TopicInterest* const interest;
  ViewFrames view_frames;  // outlives all that holds events
  boost::asio::io_context context{1};

  Inbox inbox;
  ReplayQueue replays;
  Heartbeats heartbeats;
  // Of what was taken from the inbox: the newest position of each partition, and how many.
  std::vector<EventId> positions;
  LogOutages outages;
  uint64_t arrivals = 0;

  // What the last Peek found, for the Advance that follows.
  struct {
    const Subscription* owner = nullptr;
    size_t count = 0;
    bool all = false;  // nothing follows it
    std::vector<Subscription::Place> places;
  } peek;

  std::atomic<uint64_t> delivered{0};
  std::atomic<uint64_t> subscriber_count{0};
  std::vector<Subscription*> subscriptions;
  std::vector<Attendance*> attendances;

 private:
  void AddToWindow(StoredEventPtr event);
  void WakeReaders(const TopicWindow& window);
  void WakeAll(const TopicWindow& window);
  EventId Follow(const std::string& topic, Partition partition);
  void CatchUp(Inbox::Losses lost);
  void BoundWindows();
  void DropDesertedWindows();

  absl::flat_hash_map<std::string, std::unique_ptr<TopicWindow>> windows_;
  size_t window_bytes_ = 0;
  std::vector<StoredEventPtr> drained_;
  // Ready to be served; null: has left. [served_, size) are still to come.
  std::vector<Subscription*> ready_;
  size_t served_ = 0;
  std::vector<Subscription*> await_tail_;
  bool pass_scheduled_ = false;
  boost::asio::steady_timer tick_{context};

  friend class Shard;
};

}  // namespace sluice
