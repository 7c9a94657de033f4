// The one thread that writes: takes what waits, writes it as one batch, shows it, answers.
// What the disk refuses it tries again by itself until the disk takes it.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/base/clock.h"
#include "bridge/event_log/rocksdb/append_queue.h"
#include "bridge/event_log/rocksdb/disk_health.h"
#include "bridge/event_log/rocksdb/known_ids.h"
#include "bridge/event_log/rocksdb/offsets.h"
#include "bridge/event_log/rocksdb/retention.h"
#include "bridge/event_log/rocksdb/rocksdb_event_log.h"
#include "bridge/event_log/rocksdb/tail_feed.h"

namespace sluice::rocksdb_log {

class Writer {
 public:
  // Everything outlives it.
  Writer(const RocksdbEventLogOptions& options, const Clock& clock, AppendQueue& queue,
         TailFeed& feed, DiskHealth& health);

  // Before Run, on any thread. The error says what to do.
  absl::Status Open();
  Epoch epoch() const { return epoch_; }

  // Until the queue has ended.
  void Run();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  using Answer = absl::StatusOr<std::vector<AppendResult>>;

  absl::Status LoadState();
  absl::Status ShowWhatIsStored();

  SteadyTime NextDeadline() const;
  void Commit(std::vector<QueuedAppend> appends);
  std::vector<Answer> Stage(std::vector<QueuedAppend>& appends, StagedBatch& batch,
                            std::vector<StoredEventPtr>* events);
  // Stages what has to go.
  void LetGo(size_t appended, absl::Time now, StagedBatch& batch);
  absl::Status Write(const StagedBatch& batch, rocksdb::WriteBatch* changes);

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
  std::chrono::nanoseconds retry_after_{};
  SteadyTime retry_at_{};
  SteadyTime synced_at_{};
  SteadyTime ticked_at_{};
};

}  // namespace sluice::rocksdb_log
