#include "bridge/event_log/rocksdb/tail_feed.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <utility>

#include "bridge/base/text.h"

namespace sluice::rocksdb_log {
namespace {

// How long a read waits for a store that is being opened again.
constexpr auto kViewWithin = std::chrono::seconds(2);

constexpr uint64_t Bit(ShardIndex shard) { return uint64_t{1} << shard; }

}  // namespace

View::View(std::shared_ptr<Store> of, event_log::v1::LogState at, HolesPtr known_holes)
    : store(std::move(of)),
      state(std::move(at)),
      holes(std::move(known_holes)),
      snapshot(store->db().GetSnapshot()) {}

View::~View() { store->db().ReleaseSnapshot(snapshot); }

void TailFeed::Start(Tail* tail) {
  MutexLock lock(&mutex_);
  tail_ = tail;
}

Offset TailFeed::Follow(std::string_view topic, ShardIndex shard) {
  MutexLock lock(&mutex_);
  followers_[AsAbsl(topic)] |= Bit(shard);
  return head_;
}

void TailFeed::Unfollow(std::string_view topic, ShardIndex shard) {
  MutexLock lock(&mutex_);
  const auto it = followers_.find(AsAbsl(topic));
  if (it == followers_.end()) return;
  it->second &= ~Bit(shard);
  if (it->second == 0) followers_.erase(it);
}

Offset TailFeed::head() const {
  MutexLock lock(&mutex_);
  return head_;
}

ViewPtr TailFeed::view() const {
  MutexLock lock(&mutex_);
  return view_;
}

ViewPtr TailFeed::AwaitView() const {
  if (ViewPtr now = view(); now != nullptr) return now;
  std::unique_lock lock(waiting_);
  changed_.wait_for(lock, kViewWithin, [this] {
    MutexLock also(&mutex_);
    return view_ != nullptr || closed_;
  });
  return view();
}

void TailFeed::Publish(ViewPtr view, std::span<const StoredEventPtr> events) {
  bool first = false;
  {
    MutexLock lock(&mutex_);
    if (view != nullptr) {
      head_ = std::max(head_, view->head());
      first = view_ == nullptr;
      view_.swap(view);  // what it was ends with the lock released
    }
    DeliverToShards(events);
  }
  if (first) WakeWaiting();
}

void TailFeed::WithdrawView() {
  ViewPtr last;
  MutexLock lock(&mutex_);
  last.swap(view_);
}

void TailFeed::Close() {
  WithdrawView();
  {
    MutexLock lock(&mutex_);
    closed_ = true;
  }
  WakeWaiting();
}

void TailFeed::WakeWaiting() {
  { const std::lock_guard lock(waiting_); }
  changed_.notify_all();
}

void TailFeed::DeliverToShards(std::span<const StoredEventPtr> events) {
  if (tail_ == nullptr) return;
  uint64_t shards_to_tell = 0;
  for (const StoredEventPtr& event : events) {
    const auto it = followers_.find(event->event().topic);
    if (it == followers_.end()) continue;
    for (uint64_t followers = it->second; followers != 0; followers &= followers - 1) {
      const auto shard = static_cast<ShardIndex>(std::countr_zero(followers));
      deliveries_[shard].push_back(event);
      shards_to_tell |= Bit(shard);
    }
  }
  for (; shards_to_tell != 0; shards_to_tell &= shards_to_tell - 1) {
    const auto shard = static_cast<ShardIndex>(std::countr_zero(shards_to_tell));
    tail_->Deliver(shard, deliveries_[shard]);
    deliveries_[shard].clear();
  }
}

}  // namespace sluice::rocksdb_log
