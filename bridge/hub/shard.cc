#include "bridge/hub/shard.h"

#include <algorithm>
#include <random>

#include "boost/asio/post.hpp"
#include "bridge/access/revocations.h"
#include "bridge/base/clock.h"
#include "bridge/base/metrics.h"
#include "bridge/base/text.h"
#include "bridge/hub/log_head.h"
#include "bridge/hub/shard_parts.h"

namespace sluice {
namespace {

// Subscribers served before the loop, and with it the inbox, sockets and new
// sessions, get their turn again.
constexpr size_t kSlice = 256;
constexpr std::chrono::seconds kTick{1};
// A window is kept this long after its last subscriber has left: whoever comes
// back soon finds it.
constexpr absl::Duration kWindowLinger = absl::Seconds(30);

// Frames in views get this share of the windows' bytes, on top of them.
constexpr size_t kViewShare = 4;

// Sessions are cold when their turn comes (every send sweeps the caches): they
// are fetched while those before them are served, first the subscription, then
// the subscriber that it points to.
constexpr size_t kSubscriptionsAhead = 4;
constexpr size_t kSubscribersAhead = 2;
constexpr size_t kSubscriberBytes = 384;
constexpr size_t kMembersAhead = 16;

// Always inline: GCC 12 takes the function for one without effects otherwise,
// and removes its calls.
template <size_t kBytes>
[[gnu::always_inline]] inline void Prefetch(const void* object) {
  constexpr size_t kLine = 64;
  for (size_t at = 0; at < kBytes; at += kLine) {
    __builtin_prefetch(static_cast<const char*>(object) + at, 1);
  }
}

// When those who are sent away come back: spread over as much time again.
class RetryTimes {
 public:
  explicit RetryTimes(uint32_t retry_ms) : retry_ms_(retry_ms), jitter_(0, retry_ms) {}
  uint32_t Next() { return retry_ms_ + jitter_(random_); }

 private:
  const uint32_t retry_ms_;
  std::minstd_rand random_{std::random_device{}()};
  std::uniform_int_distribution<uint32_t> jitter_;
};

}  // namespace

Shard::Parts::Parts(Shard& shard, ShardIndex index_in, ShardOptions options_in, EventLog& log_in,
                    const Clock& clock_in, Metrics& metrics_in, TopicInterest* interest_in)
    : index(index_in),
      options(options_in),
      log(log_in),
      clock(clock_in),
      metrics(metrics_in),
      interest(interest_in),
      view_frames(options.windows_bytes / kViewShare),
      inbox(options.inbox_events),
      replays(log, context, options.replays, [this](Subscription& s) { Wake(s); }),
      heartbeats(shard),
      positions(log.partitions()),
      outages(log.partitions()) {}

void Shard::Parts::Add(Subscription& subscription) {
  subscription.shard_slot_ = static_cast<uint32_t>(subscriptions.size());
  subscriptions.push_back(&subscription);
  CountSubscribers();
  Metrics::Add(metrics.subscribers_total);
}

void Shard::Parts::Remove(Subscription& subscription) {
  if (subscription.queued_) {
    std::replace(ready_.begin() + static_cast<ptrdiff_t>(served_), ready_.end(), &subscription,
                 static_cast<Subscription*>(nullptr));
  }
  if (subscription.awaits_tail_) std::erase(await_tail_, &subscription);
  Subscription* last = subscriptions.back();
  subscriptions[subscription.shard_slot_] = last;
  last->shard_slot_ = subscription.shard_slot_;
  subscriptions.pop_back();
  CountSubscribers();
}

void Shard::Parts::CountSubscribers() {
  subscriber_count.store(subscriptions.size() + attendances.size(), std::memory_order_relaxed);
}

void Shard::Parts::Wake(Subscription& subscription) {
  // (It may have taken everything since it was queued: a socket that can take more does not wait.)
  if (subscription.state_ == Subscription::State::kCaughtUp) {
    subscription.state_ = Subscription::State::kReady;
  }
  if (std::exchange(subscription.queued_, true)) return;
  ready_.push_back(&subscription);
  SchedulePass();
}

void Shard::Parts::Join(const std::string& topic, Subscription& subscription, size_t index_of) {
  std::unique_ptr<TopicWindow>& window = windows_[topic];
  if (window == nullptr) {
    const Partition partition = log.PartitionOf(topic);
    window = std::make_unique<TopicWindow>(topic, partition, Follow(topic, partition));
  }
  window->deserted_at = absl::InfiniteFuture();
  Subscription::Cursor& cursor = subscription.cursors_[index_of];
  cursor.window = window.get();
  cursor.member = static_cast<uint32_t>(window->members.size());
  if (interest != nullptr && window->members.empty()) interest->Gained(topic);
  window->members.push_back({&subscription, static_cast<uint32_t>(index_of)});
}

// Where the topic's window begins. Epoch 0: Lost comes when it is known.
EventId Shard::Parts::Follow(const std::string& topic, Partition partition) {
  while (true) {
    const Epoch epoch = log.epoch(partition);
    const std::optional<Offset> head = log.Follow(topic, index);
    if (log.epoch(partition) != epoch) continue;  // it was made anew in between
    if (!head || epoch == 0) return {};
    if (positions[partition].epoch != epoch) positions[partition] = {epoch, 0, false};
    return {epoch, *head, false};
  }
}

void Shard::Parts::Leave(const Subscription::Cursor& cursor) {
  auto& members = cursor.window->members;
  const TopicWindow::Member last = members.back();
  members[cursor.member] = last;
  last.subscription->cursors_[last.cursor].member = cursor.member;
  members.pop_back();
  if (!members.empty()) return;
  cursor.window->deserted_at = clock.Now();
  if (interest != nullptr) interest->Lost(cursor.window->topic());
}

void Shard::Parts::SchedulePass() {
  if (std::exchange(pass_scheduled_, true)) return;
  boost::asio::post(context, [this] {
    pass_scheduled_ = false;
    Pass();
  });
}

[[gnu::always_inline]] inline void Shard::Parts::FetchAhead() const {
  if (served_ + kSubscriptionsAhead < ready_.size()) {
    Prefetch<sizeof(Subscription)>(ready_[served_ + kSubscriptionsAhead]);
  }
  if (served_ + kSubscribersAhead < ready_.size()) {
    const Subscription* next = ready_[served_ + kSubscribersAhead];
    if (next != nullptr) Prefetch<kSubscriberBytes>(&next->subscriber_);
  }
}

void Shard::Parts::Pass() {
  DrainInbox();
  for (size_t n = 0; n < kSlice && served_ < ready_.size(); ++n) {
    FetchAhead();
    Subscription* subscription = ready_[served_++];
    if (subscription == nullptr) continue;
    subscription->queued_ = false;
    subscription->subscriber_.OnReady();  // which may end it
  }
  // Under load it never runs empty: what was served is cut off all the same.
  if (served_ * 2 >= ready_.size()) {
    ready_.erase(ready_.begin(), ready_.begin() + static_cast<ptrdiff_t>(served_));
    served_ = 0;
  }
  if (!ready_.empty()) SchedulePass();
}

void Shard::Parts::AwaitTail(Subscription& subscription) {
  if (!std::exchange(subscription.awaits_tail_, true)) await_tail_.push_back(&subscription);
}

void Shard::Parts::TailHasMoved() {
  for (Subscription* subscription : std::exchange(await_tail_, {})) {
    subscription->awaits_tail_ = false;
    Wake(*subscription);
  }
}

void Shard::Parts::DrainInbox() {
  const Inbox::Losses lost = inbox.Drain(drained_);
  if (lost.any() || !drained_.empty()) TailHasMoved();
  for (StoredEventPtr& event : drained_) AddToWindow(std::move(event));
  drained_.clear();
  if (lost.any()) CatchUp(lost);
  BoundWindows();
}

EventId Shard::Parts::RefreshPosition(Partition partition) {
  // In this order: what the log had delivered up to the head is in the inbox. So is, when it was
  // made anew meanwhile, the word of that.
  const EventId head = HeadOf(log, partition);
  DrainInbox();
  EventId& position = positions[partition];
  if (position.epoch == head.epoch && head.offset > position.offset) {
    position.offset = head.offset;
    TailHasMoved();
  }
  return position;
}

void Shard::Parts::AddToWindow(StoredEventPtr event) {
  const auto it = windows_.find(event->event().topic);
  if (it == windows_.end()) return;  // nobody reads it any more
  TopicWindow& window = *it->second;
  EventId& position = positions[window.partition()];
  if (!event->transient() && event->id().epoch == position.epoch) {
    position.offset = std::max(position.offset, event->offset());
  }
  const size_t before = window.bytes();
  if (!window.Add(std::move(event), ++arrivals, position.offset, options.window_bytes)) return;
  window_bytes_ += window.bytes() - before;
  WakeReaders(window);
}

void Shard::Parts::WakeReaders(const TopicWindow& window) {
  const auto& members = window.members;
  for (size_t i = 0; i < members.size(); ++i) {
    if (i + kMembersAhead < members.size()) {
      Prefetch<1>(&members[i + kMembersAhead].subscription->state_);
    }
    Subscription& subscription = *members[i].subscription;
    if (subscription.state_ == Subscription::State::kCaughtUp) Wake(subscription);
  }
}

// The inbox has overflowed, or the log says so: what was lost is in the log. From here on it takes
// events again, and everything up to the head of this moment is read back by
// the cursors themselves.
void Shard::Parts::CatchUp(Inbox::Losses lost) {
  bool knew = false;
  for (Partition partition = 0; partition < positions.size(); ++partition) {
    EventId& position = positions[partition];
    if (!lost.overflowed && !lost.Told(partition)) continue;
    knew |= position.epoch != 0;
    const EventId head = HeadOf(log, partition);
    if (head.epoch != position.epoch || head.offset > position.offset) position = head;
  }
  if (knew) Metrics::Add(metrics.inbox_overflows);
  window_bytes_ = 0;
  for (auto& [topic, window] : windows_) {
    // One whose head is not known yet waits for the log's word: the inbox knows none.
    const bool overflowed = lost.overflowed && window->epoch() != 0;
    if (overflowed || lost.Told(window->partition())) {
      window->Restart(positions[window->partition()]);
      WakeAll(*window);
    }
    window_bytes_ += window->bytes();
  }
}

// Those too who wait for the log or the window.
void Shard::Parts::WakeAll(const TopicWindow& window) {
  for (const TopicWindow::Member& member : window.members) {
    const Subscription::State state = member.subscription->state_;
    if (state == Subscription::State::kEnded || state == Subscription::State::kFailed) continue;
    Wake(*member.subscription);
  }
}

void Shard::Parts::BoundWindows() {
  while (window_bytes_ > options.windows_bytes) {
    window_bytes_ = 0;
    for (auto& [topic, window] : windows_) {
      window->Shrink();
      window_bytes_ += window->bytes();
    }
  }
}

void Shard::Parts::DropDesertedWindows() {
  const absl::Time now = clock.Now();
  absl::erase_if(windows_, [&](const auto& entry) {
    if (entry.second->deserted_at > now - kWindowLinger) return false;
    log.Unfollow(entry.first, index);
    window_bytes_ -= entry.second->bytes();
    return true;
  });
}

void Shard::Parts::Tick() {
  DropDesertedWindows();
  // (The head moves without a word of it where nobody here follows what it passes.)
  for (Partition partition = 0; !await_tail_.empty() && partition < positions.size(); ++partition) {
    RefreshPosition(partition);
  }
  const absl::Time now = clock.Now();
  VisitAll([now](Subscriber& subscriber) { subscriber.OnTick(now); });
  TellOfOutages(now);
}

void Shard::Parts::TellOfOutages(absl::Time now) {
  outages.Look(log, now);
  if (!outages.any()) return;
  for (size_t i = subscriptions.size(); i-- > 0;) {
    const auto outage = outages.Of(subscriptions[i]->partition(), now);
    if (outage) subscriptions[i]->subscriber_.OnLogAway(*outage);
  }
}

void Shard::Parts::ScheduleTick() {
  tick_.expires_after(kTick);
  tick_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    Tick();
    ScheduleTick();
  });
}

Shard::Shard(ShardIndex index, ShardOptions options, EventLog& log, const Clock& clock,
             Metrics& metrics, TopicInterest* interest)
    : parts_(std::make_unique<Parts>(*this, index, options, log, clock, metrics, interest)) {}
Shard::~Shard() = default;

ShardIndex Shard::index() const { return parts_->index; }
boost::asio::io_context& Shard::context() { return parts_->context; }
EventLog& Shard::log() { return parts_->log; }
const Clock& Shard::clock() const { return parts_->clock; }
Metrics& Shard::metrics() { return parts_->metrics; }
uint64_t Shard::delivered() const { return parts_->delivered.load(std::memory_order_relaxed); }
uint64_t Shard::subscribers() const {
  return parts_->subscriber_count.load(std::memory_order_relaxed);
}

void Shard::Start() { parts_->ScheduleTick(); }

void Shard::Deliver(std::span<const StoredEventPtr> events) {
  if (!parts_->inbox.Push(events)) return;
  boost::asio::post(parts_->context, [parts = parts_.get()] { parts->Pass(); });
}

void Shard::Lost(Partition partition) {
  if (!parts_->inbox.Lose(partition)) return;
  boost::asio::post(parts_->context, [parts = parts_.get()] { parts->Pass(); });
}

EventId Shard::RefreshPosition(Partition partition) { return parts_->RefreshPosition(partition); }

void Shard::CountDelivered(uint64_t events) {
  parts_->delivered.store(parts_->delivered.load(std::memory_order_relaxed) + events,
                          std::memory_order_relaxed);
}

void Shard::ForEachSubscriber(const std::function<void(const Subscriber&)>& visit) const {
  parts_->VisitAll(visit);
}

void Shard::ForEachTopic(
    const std::function<void(std::string_view topic, uint64_t subscribers)>& visit) const {
  for (const auto& [topic, window] : parts_->windows_) {
    if (!window->members.empty()) visit(topic, window->members.size());
  }
}

size_t Shard::ready() const { return parts_->ready_.size(); }

void Shard::Drain(uint32_t retry_ms) {
  RetryTimes times(retry_ms);
  parts_->VisitAll([&](Subscriber& subscriber) {  //
    subscriber.OnDrain(Reason::kDraining, times.Next());
  });
}

void Shard::CloseTopic(std::string_view topic, Reason reason, uint32_t retry_ms) {
  const auto it = parts_->windows_.find(AsAbsl(topic));
  if (it == parts_->windows_.end()) return;
  RetryTimes times(retry_ms);
  const auto& members = it->second->members;
  for (size_t i = members.size(); i-- > 0;) {
    members[i].subscription->subscriber_.OnDrain(reason, times.Next());
  }
}

size_t Shard::Disconnect(const Revocation& revocation, DisconnectedBy by,
                         const std::function<void(const SubscriberDescription&)>& found) {
  size_t ended = 0;
  parts_->VisitAll([&](Subscriber& subscriber) {
    if (!subscriber.MayBe(revocation.subject, revocation.subscriber_id)) return;
    const SubscriberDescription is = subscriber.Describe();
    if (!revocation.Hits(is.subject, is.topics, is.id)) return;
    found(is);
    ended += subscriber.OnDisconnect(by) ? 1 : 0;
  });
  return ended;
}

void Shard::Doubt(absl::Duration within) {
  const absl::Time now = parts_->clock.Now();
  parts_->VisitAll([&](Subscriber& subscriber) { subscriber.OnDoubt(now, within); });
}

void Shard::CutAll(Reason reason) {
  parts_->VisitAll([reason](Subscriber& subscriber) { subscriber.OnCut(reason); });
}

}  // namespace sluice
