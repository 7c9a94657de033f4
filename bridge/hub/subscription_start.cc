// Where a subscription's cursors begin, and go on when their partition was made anew: by what the
// window knows where that is enough, else by what the log answers.
#include <algorithm>
#include <utility>

#include "bridge/hub/log_head.h"
#include "bridge/hub/shard.h"
#include "bridge/hub/shard_parts.h"
#include "bridge/hub/subscription.h"

namespace sluice {
namespace {

ReadStart ReadStartOf(const StreamStart& start) {
  switch (start.kind) {
    case StreamStart::Kind::kLatest:
      return Latest{};
    case StreamStart::Kind::kLast:
      return LastN{start.last};
    default:
      return Earliest{};
  }
}

}  // namespace

void Subscription::Open(const SubscriptionSpec& spec) {
  cursors_.resize(spec.topics.size());
  resumes_ = !spec.last_event_id.empty();
  start_ = spec.start;
  begins_together_ = spec.last_event_id.empty() && spec.start.kind == StreamStart::Kind::kLatest;
  for (size_t i = 0; i < cursors_.size(); ++i) {
    shard_.parts_->Join(spec.topics[i], *this, i);
    OpenCursor(cursors_[i], spec);
  }
  const std::optional<EventId> requested = ParseEventId(spec.last_event_id);
  if (requested) start_id_ = FormatEventId({requested->epoch, requested->offset, false});
  SettleAll();
  if (state_ != State::kOpening) shard_.parts_->Wake(*this);
}

void Subscription::OpenCursor(Cursor& cursor, const SubscriptionSpec& spec) {
  const TopicWindow& window = *cursor.window;
  if (!spec.last_event_id.empty()) {
    Resume(cursor, spec.last_event_id);
  } else if (begins_together_ && window.epoch() != 0) {
    // What the shard has seen, or what was there when it began to follow.
    const EventId& seen = shard_.parts_->positions[window.partition()];
    cursor.epoch = window.epoch();
    cursor.place.after = window.complete_from();
    if (seen.epoch == cursor.epoch) {
      cursor.place.after = std::max(cursor.place.after, seen.offset);
    }
  } else {
    Ask(cursor, ReadStartOf(spec.start));
  }
}

void Subscription::Resume(Cursor& cursor, const std::string& last_event_id) {
  const std::optional<EventId> id = ParseEventId(last_event_id);
  if (id && Knows(cursor, *id)) {
    cursor.epoch = id->epoch;
    cursor.place.after = id->offset;
    return;
  }
  // An id that only the log can judge, a publisher's own, or none at all (then everything is new
  // to the client).
  ReadStart start = Earliest{};
  if (id) {
    start = AfterId{{id->epoch, id->offset, false}};
  } else if (view_ != nullptr && view_->ids == IdLine::kPublisher) {
    start = AfterPublisherId{last_event_id};
    resumes_at_publishers_id_ = true;
  }
  cursor.gap = MakeGap(cursor, last_event_id, 0);
  Ask(cursor, std::move(start));
}

// Whether a place needs nobody else's word.
bool Subscription::Knows(const Cursor& cursor, const EventId& id) const {
  const TopicWindow& window = *cursor.window;
  if (id.epoch != window.epoch() || window.epoch() == 0) return false;
  const EventId& seen = shard_.parts_->positions[window.partition()];
  if (seen.epoch == id.epoch && id.offset <= seen.offset) return true;
  return IsUpToHead(shard_.log(), window.partition(), id);
}

// The place is of another epoch than the window or the log. (Its id goes with the gap, if it is
// one.)
void Subscription::Judge(Cursor& cursor) {
  if (state_ == State::kOpening && !resumes_) {  // nobody has been given a place yet
    cursor.gap = nullptr;
    cursor.place = {};
    return Ask(cursor, ReadStartOf(start_));
  }
  const EventId place{cursor.epoch, cursor.place.after, false};
  // One that a read has found is found again, if it is still there.
  if (cursor.gap != nullptr && cursor.gap->resumed.offset != place.offset) cursor.gap = nullptr;
  cursor.gap_due = cursor.gap != nullptr;
  if (!cursor.gap_due) cursor.gap = MakeGap(cursor, FormatEventId(place), 0);
  cursor.place = Place{.after = place.offset, .ended = cursor.place.ended};
  Ask(cursor, AfterId{place});
}

void Subscription::Ask(Cursor& cursor, ReadStart start) {
  cursor.asked_at = cursor.window->restarts();
  cursor.replay = shard_.parts_->replays.Read(cursor.window->topic(), std::move(start), *this);
  cursor.resolving = true;
}

// What the log has answered.
void Subscription::Resolve(Cursor& cursor) {
  const ReplayPtr replay = std::exchange(cursor.replay, nullptr);
  cursor.resolving = false;
  cursor.epoch = replay->epoch;
  cursor.place.after = replay->after;
  if (cursor.gap == nullptr) return;
  // A place that was found, with nothing behind it gone.
  const auto* id = std::get_if<AfterId>(&replay->start);
  bool goes_on = id != nullptr
                     ? replay->found && replay->after <= id->id.offset
                     : replay->found && std::holds_alternative<AfterPublisherId>(replay->start);
  goes_on &= !std::exchange(cursor.gap_due, false);
  cursor.gap = goes_on ? nullptr : MakeGap(cursor, cursor.gap->requested, replay->after);
}

std::unique_ptr<Gap> Subscription::MakeGap(const Cursor& cursor, std::string requested,
                                           Offset resumed) const {
  return EncodeGap(cursor.window->topic(), std::move(requested),
                   EventId{cursor.epoch, resumed, false}, view_.get());
}

bool Subscription::OfOneEpoch() const {
  Epoch one = 0;
  for (const Cursor& cursor : cursors_) {
    if (cursor.place.ended) continue;
    if (one != 0 && cursor.epoch != one) return false;
    one = cursor.epoch;
  }
  return true;
}

// The partition was made anew between what the log answered of one topic and of another. Nothing
// may go out before all are of the same epoch: ids do not go back to an earlier one.
void Subscription::BringToOneEpoch() {
  for (Cursor& cursor : cursors_) {
    if (cursor.place.ended) continue;
    if (cursor.replay != nullptr) ReplayQueue::StopWaiting(*cursor.replay, *this);
    cursor.replay = nullptr;
    Judge(cursor);
  }
}

// Topics that were followed at different moments have different heads. One id
// stands for the start of all: nothing up to it is sent, everything after it is.
void Subscription::BeginTogether() {
  Offset start = 0;
  for (const Cursor& cursor : cursors_) start = std::max(start, cursor.place.after);
  for (Cursor& cursor : cursors_) cursor.place.after = start;
}

// The id stands in one of the topics. The others were merged with it by offset:
// all up to it was sent, of them too.
void Subscription::FindPublishersId() {
  const auto found = std::find_if(cursors_.begin(), cursors_.end(),
                                  [](const Cursor& cursor) { return cursor.gap == nullptr; });
  if (found == cursors_.end()) return;
  const Offset offset = found->place.after;
  for (Cursor& cursor : cursors_) {
    if (cursor.gap == nullptr) continue;
    if (cursor.replay != nullptr) ReplayQueue::StopWaiting(*cursor.replay, *this);
    cursor.replay = nullptr;
    cursor.gap = nullptr;
    cursor.place = Place{.after = offset};
    cursor.epoch = found->epoch;
  }
}

void Subscription::Opened() {
  state_ = State::kReady;
  if (begins_together_) BeginTogether();
  if (resumes_) return;
  Offset start = cursors_.front().place.after;
  for (const Cursor& cursor : cursors_) start = std::min(start, cursor.place.after);
  start_id_ = FormatEventId({cursors_.front().epoch, start, false});
}

}  // namespace sluice
