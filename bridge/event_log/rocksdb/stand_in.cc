#include "bridge/event_log/rocksdb/stand_in.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"

namespace sluice::rocksdb_log {
namespace {

using std::chrono::steady_clock;

// How often what has come meanwhile is answered.
constexpr auto kTurn = std::chrono::milliseconds(20);
// What may wait in the queue is taken in as many; the writer waits no longer.
constexpr size_t kTurnsMax = 64;

absl::Status Closing() {
  return absl::UnavailableError("the event log is closing, and its disk does not answer");
}

}  // namespace

StandIn::StandIn(absl::Duration write_deadline, AppendQueue& queue, TailFeed& feed,
                 DiskHealth& health)
    : deadline_(absl::ToChronoNanoseconds(write_deadline)),
      queue_(queue),
      feed_(feed),
      health_(health) {}

void StandIn::Start(Epoch epoch) {
  epoch_ = epoch;
  thread_ = std::thread([this] { Run(); });
}

void StandIn::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stopped_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void StandIn::Begin(std::vector<QueuedAppend>& appends) {
  const std::lock_guard lock(mutex_);
  if (given_up_) {
    for (const QueuedAppend& append : appends) append.done(Closing());
    return;
  }
  since_ = steady_clock::now();
  for (QueuedAppend& append : appends) unanswered_.push_back(std::move(append.done));
}

void StandIn::Answer(std::vector<AppendAnswer> answers) {
  std::vector<EventLog::AppendDone> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(unanswered_);
    answering_ = true;
  }
  for (size_t i = 0; i < waiting.size(); ++i) waiting[i](std::move(answers[i]));
  const std::lock_guard lock(mutex_);
  answering_ = false;
  answered_.notify_all();
}

bool StandIn::End() {
  const std::lock_guard lock(mutex_);
  since_.reset();
  return std::exchange(held_up_, false);
}

size_t StandIn::GiveUp() {
  std::unique_lock lock(mutex_);
  given_up_ = true;
  const size_t refused = TakeOver(Closing(), std::numeric_limits<size_t>::max());
  answered_.wait(lock, [this] { return !answering_; });
  return refused;
}

void StandIn::Run() {
  const auto look = std::clamp<std::chrono::nanoseconds>(deadline_ / 4, kTurn / 4, deadline_);
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (IsHeldUp()) {
      const absl::Status why = absl::UnavailableError(
          absl::StrCat("the event log's disk does not answer: a write has taken more than ",
                       absl::FormatDuration(absl::FromChrono(deadline_))));
      if (!held_up_) {
        held_up_ = true;
        log::Error("event log cannot write", {{"error", std::string(why.message())}});
        health_.Set(why);
      }
      TakeOver(why, kTurnsMax);
    }
    stopped_.wait_for(lock, held_up_ ? std::chrono::nanoseconds(kTurn) : look);
  }
}

bool StandIn::IsHeldUp() const { return since_ && steady_clock::now() - *since_ >= deadline_; }

// What was being written may be stored all the same: publishers that give ids can try again.
size_t StandIn::TakeOver(const absl::Status& why, size_t turns) {
  size_t refused = unanswered_.size();
  for (const EventLog::AppendDone& done : unanswered_) done(why);
  unanswered_.clear();
  for (size_t turn = 0; turn < turns; ++turn) {
    std::vector<QueuedAppend> appends = queue_.Take(steady_clock::now());
    if (appends.empty()) break;
    for (QueuedAppend& append : appends) {
      if (NeedsStore(append.request)) {
        ++refused;
        append.done(why);
        continue;
      }
      std::vector<StoredEventPtr> events;
      AppendAnswer answer =
          DeliverOnly(std::move(append.request), {epoch_, feed_.head(), false}, &events);
      feed_.Publish(nullptr, events);
      append.done(std::move(answer));
    }
  }
  return refused;
}

}  // namespace sluice::rocksdb_log
