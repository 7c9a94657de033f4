// How the writer opens its store, and how it comes back after the disk has failed.
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/event_log/rocksdb/history_reader.h"
#include "bridge/event_log/rocksdb/keys.h"
#include "bridge/event_log/rocksdb/writer.h"

namespace sluice::rocksdb_log {

using event_log::v1::LogState;
using std::chrono::steady_clock;

absl::Status Writer::Open() {
  auto store = Store::Open(options_);
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  epoch_ = store_->epoch();
  absl::Status status = LoadState();
  if (status.ok()) status = CheckState(state_);
  if (status.ok()) status = offsets_.Resume(*store_, &state_);
  if (absl::IsDataLoss(status)) return Corrupted(options_.path, std::string(status.message()));
  if (!status.ok()) return status;
  feed_.Publish(std::make_shared<View>(store_, state_, offsets_.holes()), {});
  return absl::OkStatus();
}

absl::Status Writer::LoadState() {
  const auto stored = store_->GetMessage<LogState>(Family::kMeta, kState);
  if (!stored.ok()) return stored.status();
  state_ = stored->value_or(LogState());
  return absl::OkStatus();
}

// They change in one write: where one is ahead of the other, something of it is lost.
absl::Status Writer::CheckState(const LogState& state) const {
  const std::unique_ptr<rocksdb::Iterator> order(
      store_->db().NewIterator({}, store_->family(Family::kOrder)));
  order->SeekToLast();
  if (!order->status().ok()) return FromRocksdb(order->status());
  if (!order->Valid()) return absl::OkStatus();
  const Offset newest = ParseOffsetKey(order->key().ToStringView()).value_or(0);
  if (newest <= state.head()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("the newest event is ", newest,
                                          ", and what is written of the whole ends at ",
                                          state.head(), ": a part of the store is lost"));
}

void Writer::Fail(const absl::Status& why) {
  log::Error("event log cannot write", {{"error", std::string(why.message())}});
  health_.Set(why);
  failed_ = true;
  store_->KeepFiles();
  // A disk that fails as soon as it is used again is given longer and longer.
  const auto now = steady_clock::now();
  if (now - recovered_at_ > absl::ToChronoNanoseconds(2 * options_.retry_max)) {
    recovery_.Succeeded();
  }
  recovery_.Failed(now);
  retention_.NotWritten();
  known_ids_.NotWritten();
}

void Writer::RecoverWhenDue() {
  if (!failed_ || steady_clock::now() < recovery_.at()) return;
  const absl::Status recovered = Recover();
  if (recovered.ok()) {
    log::Info("event log writes again");
    failed_ = false;
    recovered_at_ = steady_clock::now();
    health_.Set(absl::OkStatus());
    return;
  }
  log::Warning("event log still cannot write", {{"error", std::string(recovered.message())}});
  if (absl::IsAborted(recovered)) {
    // (Without the path, which is nobody's business but the operator's.)
    health_.Set(absl::UnavailableError(
        "the event log on disk is not the one that was in use (the log says what to do)"));
  }
  recovery_.Failed(steady_clock::now());
}

absl::Status Writer::Recover() {
  if (store_ != nullptr && !store_->IsInPlace()) {
    return CannotGoOn(options_.path, "is not what it was when the bridge started");
  }
  // Before the store that is open, and can be read, is given up for nothing.
  absl::Status status = ProbeDisk(options_);
  if (!status.ok()) return status;
  bool reopen = store_ == nullptr;
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
  if (!status.ok()) return status;
  if (!was_reopened_) store_->DeleteFilesAgain();
  was_reopened_ = false;
  return status;
}

absl::Status Writer::Reopen() {
  feed_.WithdrawView();
  if (store_ != nullptr) given_up_ = std::exchange(store_, nullptr);
  // Its files are locked as long as somebody reads.
  if (!given_up_.expired()) return absl::UnavailableError("the event log is being opened again");
  auto opened = Store::OpenAgain(options_, epoch_);
  absl::Status status = opened.status();
  if (status.ok()) {
    store_ = *std::move(opened);
    status = LoadState();
    if (status.ok()) status = CheckState(state_);
    if (status.ok() && state_.head() < feed_.head()) {
      status = CannotGoOn(options_.path, absl::StrCat("ends at ", state_.head(), ", and ",
                                                      feed_.head(), " was delivered"));
    }
    if (absl::IsDataLoss(status)) {
      status = Corrupted(options_.path, std::string(status.message()));
    }
    if (!status.ok()) store_.reset();
  }
  if (!status.ok()) return status;
  was_reopened_ = true;
  retention_.Reopened();
  known_ids_.Reopened();
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

}  // namespace sluice::rocksdb_log
