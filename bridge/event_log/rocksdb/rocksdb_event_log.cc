#include "bridge/event_log/rocksdb/rocksdb_event_log.h"

#include <algorithm>
#include <future>
#include <thread>
#include <utility>

#include "absl/time/clock.h"
#include "bridge/base/log.h"
#include "bridge/event_log/rocksdb/append_queue.h"
#include "bridge/event_log/rocksdb/disk_health.h"
#include "bridge/event_log/rocksdb/history_reader.h"
#include "bridge/event_log/rocksdb/reader_pool.h"
#include "bridge/event_log/rocksdb/stand_in.h"
#include "bridge/event_log/rocksdb/tail_feed.h"
#include "bridge/event_log/rocksdb/writer.h"
#include "bridge/event_log/stoppable.h"

namespace sluice {
namespace {

using rocksdb_log::AppendQueue;
using rocksdb_log::DiskHealth;
using rocksdb_log::ReaderPool;
using rocksdb_log::StandIn;
using rocksdb_log::TailFeed;
using rocksdb_log::ViewPtr;
using rocksdb_log::Writer;

constexpr size_t kReaderThreads = 4;
constexpr size_t kReadsWaitingMax = 10'000;

// Shared with the threads that wait for the disk: they may be left behind.
struct Core {
  Core(const RocksdbEventLogOptions& options, const Clock& clock)
      : queue(options.queue_bytes),
        stand_in(options.write_deadline, queue, feed, health),
        writer(options, clock, queue, feed, health, stand_in) {}

  DiskHealth health;
  TailFeed feed;
  AppendQueue queue;
  StandIn stand_in;
  Writer writer;
  std::promise<void> writer_ended;
};

class RocksdbEventLog final : public EventLog, public Stoppable {
 public:
  RocksdbEventLog(const RocksdbEventLogOptions& options, const Clock& clock)
      : deduplication_window_(options.deduplication_window),
        stop_timeout_(options.stop_timeout),
        core_(std::make_shared<Core>(options, clock)) {}

  ~RocksdbEventLog() override { StopThreads(); }

  absl::Status Open() { return core_->writer.Open(); }

  void Start(Tail* tail) override {
    core_->feed.Start(tail);
    core_->stand_in.Start(core_->writer.epoch());
    writing_ = std::thread([core = core_] {
      core->writer.Run();
      core->writer_ended.set_value();
    });
  }

  void Stop() override { StopThreads(); }

  void Append(AppendRequest request, AppendDone done) override {
    const absl::Status put = core_->queue.Put(std::move(request), done);
    if (!put.ok()) done(put);
  }

  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard) override {
    return core_->feed.Follow(topic, shard);
  }
  void Unfollow(std::string_view topic, ShardIndex shard) override {
    core_->feed.Unfollow(topic, shard);
  }

  void Read(ReadRequest request, ReadDone done) override {
    auto read = [core = core_, request = std::move(request)]() -> absl::StatusOr<ReadResult> {
      const ViewPtr view = core->feed.AwaitView();
      if (view == nullptr) return absl::UnavailableError("the event log is not open now");
      return rocksdb_log::ReadHistory(*view, request);
    };
    if (readers_.Do(std::move(read), done)) return;
    done(absl::UnavailableError("too many reads of the event log wait; try again"));
  }

  Epoch epoch(Partition /*partition*/) const override { return core_->writer.epoch(); }
  Offset head(Partition /*partition*/) const override { return core_->feed.head(); }
  absl::Duration deduplication_window() const override { return deduplication_window_; }
  absl::Status Health(Partition /*partition*/) const override { return core_->health.status(); }

 private:
  void StopThreads() {
    const absl::Time late = absl::Now() + stop_timeout_;
    core_->queue.Close();
    StopWriting();
    const absl::Duration left = std::max(late - absl::Now(), absl::ZeroDuration());
    if (const size_t reads = readers_.Stop(left); reads > 0) {
      log::Error("event log stops without its disk", {{"reads_unanswered_by_it", reads}});
    }
    core_->stand_in.Stop();
    core_->feed.Stop();
  }

  void StopWriting() {
    if (!writing_.joinable()) return;
    const auto timeout = absl::ToChronoNanoseconds(stop_timeout_);
    if (core_->writer_ended.get_future().wait_for(timeout) == std::future_status::ready) {
      writing_.join();
      return;
    }
    const size_t refused = core_->stand_in.GiveUp();
    log::Error("event log stops without its disk",
               {{"error",
                 "it does not answer: the store was not closed, and what was last written "
                 "may not be in it"},
                {"publishes_refused", refused}});
    writing_.detach();
  }

  const absl::Duration deduplication_window_;
  const absl::Duration stop_timeout_;
  const std::shared_ptr<Core> core_;
  std::thread writing_;
  ReaderPool readers_{kReaderThreads, kReadsWaitingMax};
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventLog>> MakeRocksdbEventLog(RocksdbEventLogOptions options,
                                                              const Clock& clock) {
  auto log = std::make_unique<RocksdbEventLog>(options, clock);
  if (absl::Status opened = log->Open(); !opened.ok()) return opened;
  return log;
}

}  // namespace sluice
