// The one thread that writes: takes what waits, writes it as one batch, shows it, answers
// (writer.cc). What the disk refuses it tries again by itself until the disk takes it
// (writer_recovery.cc).
#pragma once

#include <chrono>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/base/clock.h"
#include "bridge/event_log/rocksdb/append_queue.h"
#include "bridge/event_log/rocksdb/backoff.h"
#include "bridge/event_log/rocksdb/disk_health.h"
#include "bridge/event_log/rocksdb/known_ids.h"
#include "bridge/event_log/rocksdb/offsets.h"
#include "bridge/event_log/rocksdb/retention.h"
#include "bridge/event_log/rocksdb/rocksdb_event_log.h"
#include "bridge/event_log/rocksdb/staged_batch.h"
#include "bridge/event_log/rocksdb/stand_in.h"
#include "bridge/event_log/rocksdb/tail_feed.h"
#include "bridge/event_log/rocksdb/unstored.h"

namespace sluice::rocksdb_log {

class Writer {
 public:
  // Everything outlives it.
  Writer(const RocksdbEventLogOptions& options, const Clock& clock, AppendQueue& queue,
         TailFeed& feed, DiskHealth& health, StandIn& stand_in);

  // Before Run, on any thread. The error says what to do.
  absl::Status Open();
  Epoch epoch() const { return epoch_; }

  // Until the queue has ended.
  void Run();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  // One batch, from the requests on.
  struct Staging {
    Staging(const Store* store, const event_log::v1::LogState& state) : batch(store, state) {}
    StagedBatch batch;
    std::vector<StoredEventPtr> events;
    std::vector<AppendAnswer> answers;
    // Of those that do not need the store: from which event on, and how many.
    struct Unstored {
      size_t answer;
      size_t event;
      size_t count;
    };
    std::vector<Unstored> unstored;
  };

  absl::Status LoadState();
  absl::Status CheckState(const event_log::v1::LogState& state) const;
  absl::Status ShowWhatIsStored();

  void Turn(std::vector<QueuedAppend> appends);
  SteadyTime NextDeadline() const;
  void Commit(std::vector<QueuedAppend> appends);
  void Stage(std::vector<QueuedAppend>& appends, Staging& staging);
  // Stages what has to go.
  void LetGo(size_t appended, absl::Time now, StagedBatch& batch);
  absl::Status Write(const StagedBatch& batch, rocksdb::WriteBatch* changes);
  void Refuse(const absl::Status& why, Staging& staging);

  void SyncWhenDue();
  void Fail(const absl::Status& why);
  void RecoverWhenDue();
  absl::Status Recover();
  absl::Status Reopen();
  void Close();

  const RocksdbEventLogOptions options_;
  const Clock& clock_;
  AppendQueue& queue_;
  TailFeed& feed_;
  DiskHealth& health_;
  StandIn& stand_in_;

  Epoch epoch_ = 0;
  std::shared_ptr<Store> store_;  // null: could not be opened again yet
  std::weak_ptr<Store> given_up_;
  event_log::v1::LogState state_;
  Offsets offsets_;
  KnownIds known_ids_;
  Retention retention_;

  bool failed_ = false;
  // Since it failed, and it has not written since.
  bool was_reopened_ = false;
  bool unsynced_ = false;
  // The last commit let go of something, and there is more.
  bool behind_ = false;
  Backoff recovery_;
  SteadyTime recovered_at_{};
  Backoff letting_go_;
  SteadyTime synced_at_{};
  SteadyTime ticked_at_{};
};

}  // namespace sluice::rocksdb_log
