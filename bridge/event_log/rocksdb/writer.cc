#include "bridge/event_log/rocksdb/writer.h"

#include <algorithm>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "bridge/base/log.h"
#include "bridge/event_log/rocksdb/appending.h"

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
               TailFeed& feed, DiskHealth& health, StandIn& stand_in)
    : options_(options),
      clock_(clock),
      queue_(queue),
      feed_(feed),
      health_(health),
      stand_in_(stand_in),
      known_ids_(options.deduplication_window, options.deduplication_ids),
      retention_(
          {options.events_per_topic, options.total_bytes, options.max_age, options.empty_topics}),
      recovery_(options.retry_min, options.retry_max),
      letting_go_(options.retry_min, options.retry_max) {}

void Writer::Run() {
  while (!queue_.ended()) {
    std::vector<QueuedAppend> appends = queue_.Take(NextDeadline());
    stand_in_.Begin(appends);
    Turn(std::move(appends));
    if (stand_in_.End() && !failed_) {
      log::Info("event log writes again");
      health_.Set(absl::OkStatus());
    }
  }
  std::vector<QueuedAppend> none;
  stand_in_.Begin(none);
  Close();
  stand_in_.End();
}

void Writer::Turn(std::vector<QueuedAppend> appends) {
  const SteadyTime now = steady_clock::now();
  const bool tick = now - ticked_at_ >= ToChrono(options_.idle_tick);
  if (tick) ticked_at_ = now;
  if (!appends.empty() || behind_ || tick) Commit(std::move(appends));
  SyncWhenDue();
  RecoverWhenDue();
}

Writer::SteadyTime Writer::NextDeadline() const {
  SteadyTime next = ticked_at_ + ToChrono(options_.idle_tick);
  if (failed_) return std::min(next, recovery_.at());
  if (behind_) return steady_clock::now();
  if (unsynced_) next = std::min(next, synced_at_ + ToChrono(options_.sync_interval));
  return next;
}

void Writer::Commit(std::vector<QueuedAppend> appends) {
  behind_ = false;
  Staging staging(store_.get(), state_);
  Stage(appends, staging);
  rocksdb::WriteBatch* const changes = failed_ ? nullptr : staging.batch.Finish();
  const absl::Status written =
      changes == nullptr ? absl::OkStatus() : Write(staging.batch, changes);
  if (!written.ok()) {
    Fail(written);
    Refuse(written, staging);
  } else if (changes != nullptr) {
    feed_.Publish(std::make_shared<View>(store_, state_, offsets_.holes()), staging.events);
  } else if (!staging.events.empty()) {
    feed_.Publish(nullptr, staging.events);  // transient ones
  }
  stand_in_.Answer(std::move(staging.answers));
}

void Writer::Stage(std::vector<QueuedAppend>& appends, Staging& staging) {
  const absl::Time now = clock_.Now();
  Appending appending(epoch_, now, known_ids_, offsets_, retention_, staging.batch);
  staging.answers.reserve(appends.size());
  for (size_t i = 0; i < appends.size(); ++i) {
    const bool needs_store = NeedsStore(appends[i].request);
    const size_t before = appending.events().size();
    if (failed_ && needs_store) {
      staging.answers.emplace_back(health_.status());
    } else {
      staging.answers.push_back(appending.Add(std::move(appends[i].request)));
    }
    if (!needs_store) staging.unstored.push_back({i, before, appending.events().size() - before});
  }
  staging.events = appending.events();
  if (!failed_) LetGo(staging.events.size(), now, staging.batch);
}

void Writer::LetGo(size_t appended, absl::Time now, StagedBatch& batch) {
  if (steady_clock::now() < letting_go_.at()) return;
  const size_t drops_max = std::max(kDropsMin, kDropsPerAppend * appended);
  absl::Status status = retention_.Stage(*store_, now, drops_max, batch);
  status.Update(known_ids_.Age(*store_, now, drops_max, batch));
  if (status.ok()) return letting_go_.Succeeded();
  // Publishing goes on: what cannot be let go of only takes room.
  log::Error("event log cannot let go of what is old", {{"error", std::string(status.message())}});
  letting_go_.Failed(steady_clock::now());
}

absl::Status Writer::Write(const StagedBatch& batch, rocksdb::WriteBatch* changes) {
  const SteadyTime now = steady_clock::now();
  bool sync = offsets_.Reserve(*store_, changes);
  // (All of it, deletions too: so at most the last write of a log is not whole.)
  sync |= options_.sync == Durability::kAlways;
  sync |= options_.sync == Durability::kInterval &&
          now - synced_at_ >= ToChrono(options_.sync_interval);
  const absl::Status written = store_->Write(changes, sync);
  if (!written.ok()) return written;
  if (sync) synced_at_ = now;
  unsynced_ = !sync && options_.sync == Durability::kInterval;
  offsets_.Written();
  retention_.Written();
  known_ids_.Written();
  state_ = batch.state();
  behind_ = retention_.behind();
  return written;
}

// The batch has not been written, as far as is known. (It may be stored all the same: publishers
// that give ids can try again.) What need not be stored is delivered: as if it had come alone, with
// the place of what is stored.
void Writer::Refuse(const absl::Status& why, Staging& staging) {
  std::vector<AppendAnswer> answers(staging.answers.size(), AppendAnswer(why));
  std::vector<StoredEventPtr> events;
  for (const auto& unstored : staging.unstored) {
    AppendRequest request;
    for (size_t i = 0; i < unstored.count; ++i) {
      const StoredEvent& event = *staging.events[unstored.event + i];
      request.events.push_back(event.event());
      if (event.data()) request.events.back().data = std::string(*event.data());
    }
    answers[unstored.answer] =
        DeliverOnly(std::move(request), {epoch_, feed_.head(), false}, &events);
  }
  if (!events.empty()) feed_.Publish(nullptr, events);
  staging.answers = std::move(answers);
}

void Writer::SyncWhenDue() {
  const SteadyTime now = steady_clock::now();
  if (!unsynced_ || failed_ || now - synced_at_ < ToChrono(options_.sync_interval)) return;
  const absl::Status synced = store_->Sync();
  if (!synced.ok()) return Fail(synced);
  synced_at_ = now;
  unsynced_ = false;
}

void Writer::Close() {
  feed_.Close();
  if (store_ == nullptr) return;
  absl::Status closed = failed_ ? absl::OkStatus() : offsets_.Close(*store_);
  if (!closed.ok()) log::Error("event log", {{"error", std::string(closed.message())}});
  store_.reset();
}

}  // namespace sluice::rocksdb_log
