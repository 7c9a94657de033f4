#include "bridge/event_log/jetstream/pending_append.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice {

PendingAppend::PendingAppend(AppendRequest asked, EventLog::AppendDone done,
                             std::shared_ptr<const void> room)
    : asked_(std::move(asked)),
      done_(std::move(done)),
      room_(std::move(room)),
      results_(asked_.events.size()),
      settled_(asked_.events.size()),
      open_(asked_.events.size()) {}

void PendingAppend::Settle(size_t index, AppendResult result) {
  if (!result.duplicate && !result.transient) ++stored_;
  results_[index] = result;
  settled_[index] = true;
  --open_;
}

void PendingAppend::Arrived(size_t index, AppendResult result) {
  --on_their_way_;
  Settle(index, result);
  AnswerIfDone();
}

void PendingAppend::Lost(const absl::Status& why) {
  --on_their_way_;
  Fail(why);
  AnswerIfDone();
}

void PendingAppend::AnswerIfDone() {
  if (answered() || (failure_.ok() ? open_ : on_their_way_) > 0) return;
  if (!failure_.ok()) return Answer(failure_);
  const EventLog::AppendDone done = std::exchange(done_, nullptr);
  done(std::move(results_));
}

void PendingAppend::Answer(const absl::Status& why) {
  if (answered()) return;
  failure_.Update(why);
  const EventLog::AppendDone done = std::exchange(done_, nullptr);
  std::string text(failure_.message());
  const bool is_refused = absl::IsAlreadyExists(failure_) || absl::IsFailedPrecondition(failure_) ||
                          absl::IsResourceExhausted(failure_) || absl::IsInvalidArgument(failure_);
  if (!is_refused) text = absl::StrCat("the event log could not store it: ", text);
  if (stored_ > 0) {
    absl::StrAppend(&text, "; ", stored_, " of its ", results_.size(), " events are stored");
  }
  if (stored_ > 0 || !is_refused) absl::StrAppend(&text, "; publish it again under the same ids");
  done(absl::Status(is_refused ? failure_.code() : absl::StatusCode::kUnavailable, text));
}

}  // namespace sluice
