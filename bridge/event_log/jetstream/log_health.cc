#include "bridge/event_log/jetstream/log_health.h"

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"

namespace sluice {

void LogHealth::Tell(const absl::Status& status) {
  const std::lock_guard lock(mutex_);
  const bool changed = status.ok() != status_.ok() || status.code() != status_.code();
  if (status_.ok() && !status.ok()) away_since_ = std::chrono::steady_clock::now();
  status_ = status;
  if (status.ok()) opened_ = true;
  told_.notify_all();
  if (!changed) return;
  if (status.ok()) {
    log::Info("the event log follows its stream");
  } else {
    log::Warning("the event log is away", {{"why", std::string(status.message())}});
  }
}

void LogHealth::Contradict(const absl::Status& why) {
  const std::lock_guard lock(mutex_);
  const bool changed = why != contradiction_;
  contradiction_ = why;
  if (!changed) return;
  if (why.ok()) {
    log::Info("the stream is what it should be again");
  } else {
    log::Error("the stream was changed", {{"why", std::string(why.message())}});
  }
}

absl::Status LogHealth::Told() const {
  if (absl::Status now = Now(); !now.ok()) return now;
  const std::lock_guard lock(mutex_);
  return contradiction_;
}

absl::Status LogHealth::AwaitFirst(absl::Duration patience) {
  std::unique_lock lock(mutex_);
  told_.wait_for(lock, absl::ToChronoNanoseconds(patience),
                 [this] { return opened_ || absl::IsFailedPrecondition(status_); });
  return status_;
}

absl::Status LogHealth::Now() const {
  const std::lock_guard lock(mutex_);
  if (status_.ok()) return absl::OkStatus();
  // (A contradiction, or a loss, is no matter of time.)
  const bool passing = absl::IsUnavailable(status_) || absl::IsDeadlineExceeded(status_);
  if (opened_ && passing && std::chrono::steady_clock::now() - away_since_ < grace_) {
    return absl::OkStatus();
  }
  return absl::UnavailableError(absl::StrCat("the event log is away: ", status_.message()));
}

}  // namespace sluice
