// Answers publishers in the writer's place while the disk holds the writer up: a write, a sync or
// an opening may take for ever, and nobody is to wait for that.
//
// Every answer is given once, by the one or by the other. The writer takes nothing new before the
// stand-in has done with what it took, so that the order of a publisher's events is kept.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "bridge/event_log/rocksdb/append_queue.h"
#include "bridge/event_log/rocksdb/disk_health.h"
#include "bridge/event_log/rocksdb/tail_feed.h"
#include "bridge/event_log/rocksdb/unstored.h"

namespace sluice::rocksdb_log {

// Thread-safe.
class StandIn {
 public:
  // Everything outlives it.
  StandIn(absl::Duration write_deadline, AppendQueue& queue, TailFeed& feed, DiskHealth& health);
  ~StandIn() { Stop(); }

  void Start(Epoch epoch);
  void Stop();

  // The writer's: from here on it may be held up, with these to answer.
  void Begin(std::vector<QueuedAppend>& appends);
  // In their order. Nothing, where they have been answered.
  void Answer(std::vector<AppendAnswer> answers);
  // It is done for now. Whether it was held up.
  bool End();

  // The log stops without the writer, and its queue is closed: answers all that is left, and
  // waits for answers that are being given. How many there were. What the writer still begins is
  // refused at once.
  size_t GiveUp();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void Run();
  bool IsHeldUp() const;
  size_t TakeOver(const absl::Status& why, size_t turns);

  const std::chrono::nanoseconds deadline_;
  AppendQueue& queue_;
  TailFeed& feed_;
  DiskHealth& health_;
  Epoch epoch_ = 0;

  std::mutex mutex_;
  std::condition_variable stopped_;
  bool stopping_ = false;
  std::optional<SteadyTime> since_;
  bool held_up_ = false;
  bool answering_ = false;  // the writer, without the lock
  bool given_up_ = false;
  std::condition_variable answered_;
  std::vector<EventLog::AppendDone> unanswered_;
  std::thread thread_;
};

}  // namespace sluice::rocksdb_log
