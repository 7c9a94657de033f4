// Where committing meets following: the head, what readers may see of the store, who follows
// which topic, and the tail that is told.
#pragma once

#include <array>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/base/mutex.h"
#include "bridge/event_log/event_log.h"
#include "bridge/event_log/rocksdb/offsets.h"
#include "bridge/event_log/rocksdb/store.h"

namespace sluice::rocksdb_log {

// The store as it was right after a write: it holds everything up to its head, and nothing
// else. Keeps the store open.
struct View {
  View(std::shared_ptr<Store> of, event_log::v1::LogState at, HolesPtr known_holes);
  ~View();
  View(const View&) = delete;
  View& operator=(const View&) = delete;

  Offset head() const { return state.head(); }

  const std::shared_ptr<Store> store;
  const event_log::v1::LogState state;
  const HolesPtr holes;
  const rocksdb::Snapshot* const snapshot;
};
using ViewPtr = std::shared_ptr<const View>;

// Thread-safe.
class TailFeed {
 public:
  void Start(Tail* tail);
  // From now on it is told nothing.
  void Stop() { Start(nullptr); }

  Offset Follow(std::string_view topic, ShardIndex shard);
  void Unfollow(std::string_view topic, ShardIndex shard);

  Offset head() const;
  // Null: the store cannot be read now.
  ViewPtr view() const;

  // The next view, and the events up to it in order. Null: it stays as it is, and they are
  // transient.
  void Publish(ViewPtr view, std::span<const StoredEventPtr> events);
  // Until the next view. The head stays.
  void WithdrawView();
  // Waits for the next view, where there is none now, but not for long.
  ViewPtr AwaitView() const;
  // There will be none.
  void Close();

 private:
  void DeliverToShards(std::span<const StoredEventPtr> events)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void WakeWaiting();

  // For who waits for a view; taken before the other.
  mutable std::mutex waiting_;
  mutable std::condition_variable changed_;

  mutable Mutex mutex_;
  Tail* tail_ ABSL_GUARDED_BY(mutex_) = nullptr;
  Offset head_ ABSL_GUARDED_BY(mutex_) = 0;
  ViewPtr view_ ABSL_GUARDED_BY(mutex_);
  // One bit for each shard.
  absl::flat_hash_map<std::string, uint64_t> followers_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  // Kept to keep their memory.
  std::array<std::vector<StoredEventPtr>, kShardsMax> deliveries_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace sluice::rocksdb_log
