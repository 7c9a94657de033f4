#include "bridge/event_log/rocksdb/rocksdb_event_log.h"

#include <thread>
#include <utility>

#include "bridge/event_log/rocksdb/append_queue.h"
#include "bridge/event_log/rocksdb/disk_health.h"
#include "bridge/event_log/rocksdb/history_reader.h"
#include "bridge/event_log/rocksdb/reader_pool.h"
#include "bridge/event_log/rocksdb/tail_feed.h"
#include "bridge/event_log/rocksdb/writer.h"
#include "bridge/event_log/stoppable.h"

namespace sluice {
namespace {

using rocksdb_log::AppendQueue;
using rocksdb_log::DiskHealth;
using rocksdb_log::ReaderPool;
using rocksdb_log::TailFeed;
using rocksdb_log::ViewPtr;
using rocksdb_log::Writer;

constexpr size_t kReaderThreads = 4;
constexpr size_t kReadsWaitingMax = 10'000;

class RocksdbEventLog final : public EventLog, public Stoppable {
 public:
  RocksdbEventLog(const RocksdbEventLogOptions& options, const Clock& clock)
      : deduplication_window_(options.deduplication_window),
        queue_(options.queue_bytes),
        writer_(options, clock, queue_, feed_, health_) {}

  ~RocksdbEventLog() override { StopThreads(); }

  absl::Status Open() { return writer_.Open(); }

  void Start(Tail* tail) override {
    feed_.Start(tail);
    writing_ = std::thread([this] { writer_.Run(); });
  }

  void Stop() override { StopThreads(); }

  void Append(AppendRequest request, AppendDone done) override {
    const absl::Status put = queue_.Put(std::move(request), done);
    if (!put.ok()) done(put);
  }

  std::optional<Offset> Follow(std::string_view topic, ShardIndex shard) override {
    return feed_.Follow(topic, shard);
  }
  void Unfollow(std::string_view topic, ShardIndex shard) override { feed_.Unfollow(topic, shard); }

  void Read(ReadRequest request, ReadDone done) override {
    const bool taken = readers_.Do([this, request = std::move(request), done] {
      const ViewPtr view = feed_.view();
      if (view == nullptr) return done(absl::UnavailableError("the event log is not open now"));
      done(rocksdb_log::ReadHistory(*view, request));
    });
    if (!taken) done(absl::UnavailableError("too many reads of the event log wait; try again"));
  }

  Epoch epoch(Partition /*partition*/) const override { return writer_.epoch(); }
  Offset head(Partition /*partition*/) const override { return feed_.head(); }
  absl::Duration deduplication_window() const override { return deduplication_window_; }
  absl::Status Health(Partition /*partition*/) const override { return health_.status(); }

 private:
  void StopThreads() {
    queue_.Close();
    if (writing_.joinable()) writing_.join();
    readers_.Stop();
  }

  const absl::Duration deduplication_window_;
  DiskHealth health_;
  TailFeed feed_;
  AppendQueue queue_;
  Writer writer_;
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
