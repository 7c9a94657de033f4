#include "bridge/hub/subscription.h"

#include <algorithm>
#include <utility>

#include "bridge/base/metrics.h"
#include "bridge/hub/shard.h"
#include "bridge/hub/shard_parts.h"

namespace sluice {

Subscription::Subscription(Shard& shard, Subscriber& subscriber, SubscriptionSpec spec)
    : shard_(shard),
      subscriber_(subscriber),
      filter_(std::move(spec.filter)),
      view_(std::move(spec.view)) {
  shard_.parts_->Add(*this);
  shard_.parts_->heartbeats.Add(*this, std::move(spec.heartbeat));
  Open(spec);
}

Subscription::~Subscription() {
  for (Cursor& cursor : cursors_) {
    if (cursor.replay != nullptr) ReplayQueue::StopWaiting(*cursor.replay, *this);
    shard_.parts_->Leave(cursor);
  }
  shard_.parts_->heartbeats.Remove(*this);
  shard_.parts_->Remove(*this);
}

// A loaded replay: false when it is used up and the cursor goes on without it.
bool Subscription::SettleReplay(Cursor& cursor) {
  Place& place = cursor.place;
  const Replay& replay = *cursor.replay;
  const bool told = cursor.gap != nullptr && cursor.gap->resumed.offset == replay.after;
  if (replay.after > place.after && !told) {
    std::string requested = cursor.gap != nullptr
                                ? cursor.gap->requested
                                : FormatEventId({cursor.epoch, place.after, false});
    cursor.gap = MakeGap(cursor, std::move(requested), replay.after);
  }
  if (cursor.gap != nullptr || place.replayed < replay.events.size()) return true;
  place.after = std::max(place.after, replay.complete_through);
  return false;
}

// Brings a cursor to where something can be taken from it, or asks the log.
Subscription::Settled Subscription::Settle(Cursor& cursor) {
  Place& place = cursor.place;
  while (true) {
    if (place.live) {
      if (!cursor.window->FellOut(place.window)) return Settled::kYes;
      place.live = false;
    }
    if (cursor.replay != nullptr) {
      if (cursor.replay->loading) return Settled::kWaits;
      if (!cursor.replay->status.ok()) {
        status_ = cursor.replay->status;
        return Settled::kFailed;
      }
      if (cursor.resolving) {
        Resolve(cursor);
        continue;
      }
      if (cursor.replay->epoch != cursor.epoch) {  // it was made anew in between
        Judge(cursor);
        continue;
      }
      if (SettleReplay(cursor)) return Settled::kYes;
      cursor.replay = nullptr;
      place.replayed = 0;
      continue;
    }
    if (cursor.gap != nullptr) return Settled::kYes;
    const TopicWindow& window = *cursor.window;
    if (window.epoch() != cursor.epoch) {
      // Until it is restarted the log has nothing more to say.
      if (window.epoch() == 0 || cursor.asked_at == window.restarts()) return Settled::kWaits;
      Judge(cursor);
      continue;
    }
    if (place.after >= window.complete_from()) {
      place.window = window.PlaceAfter(place.after);
      place.live = true;
      return Settled::kYes;
    }
    cursor.replay = shard_.parts_->replays.Read(window.topic(), AfterOffset{place.after}, *this);
  }
}

bool Subscription::SettleAll() {
  bool waits = false;
  bool resolving = false;
  for (Cursor& cursor : cursors_) {
    if (cursor.place.ended) continue;
    const Settled settled = Settle(cursor);
    if (settled == Settled::kFailed) {
      state_ = State::kFailed;
      return false;
    }
    waits |= settled == Settled::kWaits;
    resolving |= cursor.resolving;
  }
  if (!waits && !OfOneEpoch()) {
    BringToOneEpoch();
    return SettleAll();
  }
  if (state_ == State::kOpening) {
    if (resolving || !OfOneEpoch()) return false;
    if (std::exchange(resumes_at_publishers_id_, false)) {
      FindPublishersId();
      return SettleAll();
    }
    Opened();
  }
  state_ = waits ? State::kReading : State::kReady;
  return !waits;
}

Subscription::Candidate Subscription::Next(const Cursor& cursor, Place& place) const {
  using Kind = Candidate::Kind;
  if (cursor.gap != nullptr && !place.gap_told) {
    return {Kind::kItem, cursor.gap->resumed.offset, 0, nullptr, nullptr};
  }
  if (place.live) {
    while (const WindowEntry* entry = cursor.window->Next(place.window)) {
      const StoredEvent& event = entry->shared.event();
      // It may have come from the log already, or been seen elsewhere.
      const bool wanted = event.transient() || event.offset() > place.after;
      if (wanted && Passes(event)) {
        return {Kind::kItem, entry->position, event.transient() ? entry->arrival : 0,
                &entry->shared, entry};
      }
      TopicWindow::Step(place.window, *entry);
      if (wanted && !event.transient()) place.after = event.offset();
    }
    return {Kind::kNothingYet, 0, 0, nullptr, nullptr};
  }
  if (cursor.replay == nullptr) return {Kind::kNotRead, 0, 0, nullptr, nullptr};
  const auto& events = cursor.replay->events;
  for (; place.replayed < events.size(); ++place.replayed) {
    const StoredEvent& event = events[place.replayed].event();
    // (Where all begin together, it may have been read from further back.)
    if (event.offset() > place.after && Passes(event)) {
      return {Kind::kItem, event.offset(), 0, &events[place.replayed], nullptr};
    }
    place.after = std::max(place.after, event.offset());
  }
  return {Kind::kNotRead, 0, 0, nullptr, nullptr};
}

int Subscription::Choose(std::span<Place> places, Candidate& chosen) const {
  int first = -1;
  for (size_t i = 0; i < cursors_.size(); ++i) {
    if (places[i].ended) continue;
    const Candidate candidate = Next(cursors_[i], places[i]);
    // A topic that still replays holds the others back: what it has next may
    // come before what they have.
    if (candidate.kind == Candidate::Kind::kNotRead) return -1;
    if (candidate.kind == Candidate::Kind::kNothingYet) continue;
    if (first < 0 || candidate.Before(chosen)) {
      first = static_cast<int>(i);
      chosen = candidate;
    }
  }
  return first < 0 || TailHasPassed(places, chosen) ? first : kTailFirst;
}

// What the log shows may be ahead of what the tail has told: of a topic that waits for the tail,
// something may still come before it.
bool Subscription::TailHasPassed(std::span<const Place> places, const Candidate& chosen) const {
  if (chosen.entry != nullptr) return true;  // the tail told of it
  const EventId& seen = shard_.parts_->positions[partition()];
  for (size_t i = 0; i < cursors_.size(); ++i) {
    const Place& place = places[i];
    if (place.ended || !place.live) continue;
    const TopicWindow& window = *cursors_[i].window;
    const Offset told = seen.epoch == window.epoch() ? seen.offset : 0;
    if (std::max({told, place.after, window.complete_from()}) < chosen.offset) return false;
  }
  return true;
}

// Whether a client that came back from this gap would never hear of another topic's: only an id of
// another epoch tells that it has to.
bool Subscription::OthersAreDue(std::span<const Place> places, const Gap& gap) const {
  const std::optional<EventId> requested = ParseEventId(gap.requested);
  if (requested && requested->epoch == gap.resumed.epoch) return false;
  for (size_t i = 0; i < cursors_.size(); ++i) {
    const Gap* other = cursors_[i].gap.get();
    if (other == nullptr || other == &gap || places[i].gap_told || places[i].ended) continue;
    if (other->resumed.offset <= gap.resumed.offset) return true;
  }
  return false;
}

void Subscription::Take(std::span<Place> places, int index, const Candidate& chosen, Item& item) {
  const Cursor& cursor = cursors_[static_cast<size_t>(index)];
  Place& place = places[static_cast<size_t>(index)];
  if (chosen.shared == nullptr) {
    if (OthersAreDue(places, *cursor.gap)) cursor.gap->LeaveOutId();
    item = {cursor.gap->frame.get(), nullptr, cursor.gap.get(), false, nullptr};
    place.gap_told = true;
    place.after = std::max(place.after, cursor.gap->resumed.offset);
    return;
  }
  const StoredEvent& event = chosen.shared->event();
  item = {&chosen.shared->Frame(view_, shard_.parts_->view_frames), &event, nullptr, false,
          chosen.shared};
  if (chosen.entry != nullptr) {
    TopicWindow::Step(place.window, *chosen.entry);
  } else {
    ++place.replayed;
  }
  if (!event.transient()) place.after = event.offset();
  if (!event.event().end_of_stream) return;
  place.ended = true;
  item.last = std::all_of(places.begin(), places.end(), [](const Place& p) { return p.ended; });
  if (!item.last) {
    static const FrameView kDefaultView;
    unflagged_ = std::make_shared<const SseFrame>(
        EncodeFrame(event, view_ != nullptr ? *view_ : kDefaultView, false));
    item.frame = unflagged_.get();
    item.shared = nullptr;
  }
}

size_t Subscription::Peek(std::span<Item> items, size_t bytes_max) {
  auto& scratch = shard_.parts_->peek;
  scratch.owner = nullptr;
  shard_.parts_->view_frames.Trim();
  if (state_ == State::kFailed || state_ == State::kEnded || !SettleAll()) return 0;

  std::vector<Place>& places = scratch.places;
  places.clear();
  for (const Cursor& cursor : cursors_) places.push_back(cursor.place);

  size_t count = 0;
  bool tail_first = false;
  scratch.all = false;
  for (size_t bytes = 0; count < items.size() && bytes < bytes_max; ++count) {
    Candidate chosen;
    const int cursor = Choose(places, chosen);
    if (cursor < 0) {
      scratch.all = AtEnd(places);
      tail_first = cursor == kTailFirst;
      break;
    }
    Take(places, cursor, chosen, items[count]);
    bytes += items[count].frame->chunked().size();
    // Nothing follows the last one, and one unflagged end is held at a time.
    if (items[count].event != nullptr && items[count].event->event().end_of_stream) {
      ++count;
      break;
    }
  }
  if (count > 0) {
    scratch.owner = this;
    scratch.count = count;
    state_ = State::kReady;
    return count;
  }
  // What was skipped stays skipped. A replay that is used up needs the next.
  Commit(places);
  if (tail_first) {
    shard_.parts_->AwaitTail(*this);
    state_ = State::kReading;
    return 0;
  }
  if (!scratch.all) return Peek(items, bytes_max);
  state_ = State::kCaughtUp;
  return 0;
}

// Every cursor stands behind all that its window has.
bool Subscription::AtEnd(std::span<const Place> places) {
  return std::all_of(places.begin(), places.end(),
                     [](const Place& place) { return place.ended || place.live; });
}

void Subscription::Advance(size_t count) {
  auto& scratch = shard_.parts_->peek;
  if (scratch.owner == this && scratch.count == count) {
    Commit(scratch.places);
    if (scratch.all) state_ = State::kCaughtUp;
  } else {
    std::vector<Place> places;
    for (const Cursor& cursor : cursors_) places.push_back(cursor.place);
    for (size_t i = 0; i < count; ++i) {
      Candidate chosen;
      Item item;
      const int cursor = Choose(places, chosen);
      if (cursor < 0) break;
      Take(places, cursor, chosen, item);
    }
    Commit(places);
  }
  scratch.owner = nullptr;
  const bool ended = std::all_of(cursors_.begin(), cursors_.end(),
                                 [](const Cursor& cursor) { return cursor.place.ended; });
  if (ended) state_ = State::kEnded;
}

void Subscription::Commit(std::span<const Place> places) {
  for (size_t i = 0; i < cursors_.size(); ++i) {
    Cursor& cursor = cursors_[i];
    cursor.place = places[i];
    if (!cursor.place.gap_told) continue;
    ++shard_.metrics().gaps;
    cursor.gap = nullptr;
    cursor.place.gap_told = false;
  }
}

FramePtr Subscription::Own(const Item& item) const {
  if (item.gap != nullptr) return item.gap->frame;
  return item.shared != nullptr ? item.shared->OwnFrame(view_, shard_.parts_->view_frames)
                                : unflagged_;
}

void Subscription::Change(EventFilterPtr filter, FrameViewPtr view) {
  filter_ = std::move(filter);
  view_ = std::move(view);
  auto& scratch = shard_.parts_->peek;
  if (scratch.owner == this) scratch.owner = nullptr;
}

void Subscription::Pause() {
  for (Cursor& cursor : cursors_) {
    if (cursor.replay == nullptr || cursor.replay->loading || cursor.resolving) continue;
    cursor.replay = nullptr;
    cursor.place.replayed = 0;
  }
}

bool Subscription::IsUpTo(const EventId& position) const {
  return std::all_of(cursors_.begin(), cursors_.end(), [&](const Cursor& cursor) {
    return cursor.epoch == position.epoch && cursor.place.after <= position.offset;
  });
}

std::vector<std::string> Subscription::Topics() const {
  std::vector<std::string> topics;
  for (const Cursor& cursor : cursors_) topics.push_back(cursor.window->topic());
  return topics;
}

}  // namespace sluice
