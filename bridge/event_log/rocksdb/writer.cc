#include "bridge/event_log/rocksdb/writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "bridge/base/log.h"
#include "bridge/event_log/rocksdb/appending.h"
#include "bridge/event_log/rocksdb/history_reader.h"
#include "bridge/event_log/rocksdb/staged_batch.h"

namespace sluice::rocksdb_log {
namespace {

using std::chrono::steady_clock;

// Deletions for each event that is appended: what is too much gets less, and no batch is
// mostly deletions.
constexpr size_t kDropsPerAppend = 2;
constexpr size_t kDropsMin = 1000;

std::chrono::nanoseconds ToChrono(absl::Duration duration) {
  return absl::ToChronoNanoseconds(duration);
}

}  // namespace

Writer::Writer(const RocksdbEventLogOptions& options, const Clock& clock, AppendQueue& queue,
               TailFeed& feed, DiskHealth& health)
    : options_(options),
      clock_(clock),
      queue_(queue),
      feed_(feed),
      health_(health),
      offsets_(options.sync),
      known_ids_(options.deduplication_window, options.deduplication_ids),
      retention_(
          {options.events_per_topic, options.total_bytes, options.max_age, options.empty_topics}) {}

absl::Status Writer::Open() {
  auto store = Store::Open(options_);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  epoch_ = store_->epoch();
  absl::Status status = LoadState();
  if (status.ok()) status = offsets_.Resume(*store_, &state_);
  if (status.ok()) {
    feed_.Publish(std::make_shared<View>(store_, state_, offsets_.holes()), {});
  }
  return status;
}

absl::Status Writer::LoadState() {
  const auto stored = store_->GetMessage<event_log::v1::LogState>(Family::kMeta, kState);
  if (!stored.ok()) return stored.status();
  state_ = stored->value_or(event_log::v1::LogState());
  return absl::OkStatus();
}

void Writer::Run() {
  while (!queue_.ended()) {
    std::vector<QueuedAppend> appends = queue_.Take(NextDeadline());
    const SteadyTime now = steady_clock::now();
    const bool tick = now - ticked_at_ >= ToChrono(options_.idle_tick);
    if (tick) ticked_at_ = now;
    if (!appends.empty() || behind_ || tick) Commit(std::move(appends));
    SyncWhenDue();
    RecoverWhenDue();
  }
  Close();
}

Writer::SteadyTime Writer::NextDeadline() const {
  if (behind_) return steady_clock::now();
  SteadyTime next = ticked_at_ + ToChrono(options_.idle_tick);
  if (failed_) next = std::min(next, retry_at_);
  if (unsynced_) next = std::min(next, synced_at_ + ToChrono(options_.sync_interval));
  return next;
}

void Writer::Commit(std::vector<QueuedAppend> appends) {
  behind_ = false;
  StagedBatch batch(store_.get(), state_);
  std::vector<StoredEventPtr> events;
  std::vector<Answer> answers = Stage(appends, batch, &events);
  rocksdb::WriteBatch* const changes = failed_ ? nullptr : batch.Finish();
  const absl::Status written = changes == nullptr ? absl::OkStatus() : Write(batch, changes);
  if (!written.ok()) {
    Fail(written);
    // (It may be stored all the same: publishers that give ids can try again.)
    std::fill(answers.begin(), answers.end(), Answer(written));
  } else if (changes != nullptr) {
    feed_.Publish(std::make_shared<View>(store_, state_, offsets_.holes()), events);
  } else if (!events.empty()) {
    feed_.Publish(nullptr, events);  // transient ones
  }
  for (size_t i = 0; i < appends.size(); ++i) appends[i].done(std::move(answers[i]));
}

std::vector<Writer::Answer> Writer::Stage(std::vector<QueuedAppend>& appends, StagedBatch& batch,
                                          std::vector<StoredEventPtr>* events) {
  const absl::Time now = clock_.Now();
  Appending appending(epoch_, now, known_ids_, offsets_, retention_, batch);
  std::vector<Answer> answers;
  answers.reserve(appends.size());
  for (QueuedAppend& append : appends) {
    if (failed_ && NeedsStore(append.request)) {
      answers.emplace_back(health_.status());
    } else {
      answers.push_back(appending.Add(std::move(append.request)));
    }
  }
  *events = appending.events();
  if (!failed_) LetGo(events->size(), now, batch);
  return answers;
}

void Writer::LetGo(size_t appended, absl::Time now, StagedBatch& batch) {
  const size_t drops_max = std::max(kDropsMin, kDropsPerAppend * appended);
  absl::Status status = retention_.Stage(*store_, now, drops_max, batch);
  status.Update(known_ids_.Age(*store_, now, drops_max, batch));
  // Publishing goes on: what cannot be let go of only takes room.
  if (status != health_.status()) {
    if (!status.ok()) log::Error("event log", {{"error", std::string(status.message())}});
    health_.Set(status);
  }
}

absl::Status Writer::Write(const StagedBatch& batch, rocksdb::WriteBatch* changes) {
  const SteadyTime now = steady_clock::now();
  bool sync = offsets_.Reserve(*store_, changes);
  sync |= options_.sync == Durability::kAlways && batch.keeps_events();
  sync |= options_.sync == Durability::kInterval &&
          now - synced_at_ >= ToChrono(options_.sync_interval);
  const absl::Status written = store_->Write(changes, sync);
  if (!written.ok()) return written;
  if (sync) synced_at_ = now;
  unsynced_ = !sync && options_.sync == Durability::kInterval;
  offsets_.Written();
  state_ = batch.state();
  behind_ = retention_.behind();
  return written;
}

void Writer::SyncWhenDue() {
  const SteadyTime now = steady_clock::now();
  if (!unsynced_ || failed_ || now - synced_at_ < ToChrono(options_.sync_interval)) return;
  const absl::Status synced = store_->Sync();
  if (!synced.ok()) return Fail(synced);
  synced_at_ = now;
  unsynced_ = false;
}

void Writer::Fail(const absl::Status& why) {
  log::Error("event log cannot write", {{"error", std::string(why.message())}});
  health_.Set(why);
  failed_ = true;
  retry_after_ = ToChrono(options_.retry_min);
  retry_at_ = steady_clock::now() + retry_after_;
  retention_.NotWritten();
  known_ids_.NotWritten();
}

void Writer::RecoverWhenDue() {
  if (!failed_ || steady_clock::now() < retry_at_) return;
  const absl::Status recovered = Recover();
  if (recovered.ok()) {
    log::Info("event log writes again");
    failed_ = false;
    health_.Set(absl::OkStatus());
    return;
  }
  log::Warning("event log still cannot write", {{"error", std::string(recovered.message())}});
  retry_after_ = std::min(2 * retry_after_, ToChrono(options_.retry_max));
  retry_at_ = steady_clock::now() + retry_after_;
}

absl::Status Writer::Recover() {
  bool reopen = store_ == nullptr;
  absl::Status status;
  if (!reopen) status = store_->Resume(&reopen);
  if (reopen) status = Reopen();
  if (!status.ok()) return status;
  rocksdb::WriteBatch probe;
  probe.Put(store_->family(Family::kMeta), std::string(kProbe), "");
  status = store_->Write(&probe, true);
  if (status.ok()) status = LoadState();
  // (What was not synced before it was opened again may be lost.)
  if (status.ok() && was_reopened_) status = offsets_.Resume(*store_, &state_);
  if (status.ok()) status = ShowWhatIsStored();
  if (status.ok()) was_reopened_ = false;
  return status;
}

absl::Status Writer::Reopen() {
  feed_.WithdrawView();
  if (store_ != nullptr) given_up_ = std::exchange(store_, nullptr);
  // Its files are locked as long as somebody reads.
  if (!given_up_.expired()) return absl::UnavailableError("the event log is being opened again");
  auto opened = Store::Open(options_);
  if (!opened.ok()) return opened.status();
  store_ = *std::move(opened);
  was_reopened_ = true;
  log::Info("event log was opened again");
  return absl::OkStatus();
}

// A write that failed may have been stored all the same, and only now it shows.
absl::Status Writer::ShowWhatIsStored() {
  const auto view = std::make_shared<View>(store_, state_, offsets_.holes());
  const auto events = ReadAllAfter(*view, feed_.head());
  if (!events.ok()) return events.status();
  feed_.Publish(view, *events);
  return absl::OkStatus();
}

void Writer::Close() {
  feed_.WithdrawView();
  if (store_ == nullptr) return;
  absl::Status closed = failed_ ? absl::OkStatus() : offsets_.Close(*store_);
  if (!closed.ok()) log::Error("event log", {{"error", std::string(closed.message())}});
  store_.reset();
}

}  // namespace sluice::rocksdb_log
