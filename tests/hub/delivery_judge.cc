#include "tests/hub/delivery_judge.h"

#include <algorithm>
#include <utility>

namespace sluice {
namespace {

std::string At(EventId id) { return FormatEventId(id); }

}  // namespace

void Ledger::Made(uint32_t part, Epoch epoch) {
  Incarnation& made = incarnations_[epoch];
  made.part = part;
  made.number = ++made_[part];
}

void Ledger::Stored(EventId id, Entry entry) {
  Incarnation& of = incarnations_.at(id.epoch);
  of.end = id.offset;
  of.entries[id.offset] = std::move(entry);
}

void Ledger::Dropped(Epoch epoch, const std::string& topic, Offset through) {
  Offset& dropped = incarnations_.at(epoch).dropped[topic];
  dropped = std::max(dropped, through);
}

void Ledger::Lost(Epoch epoch, Offset after, Offset through) {
  Incarnation& of = incarnations_.at(epoch);
  of.entries.erase(of.entries.upper_bound(after), of.entries.end());
  of.holes[after + 1] = through;
  of.end = through;
}

const Ledger::Incarnation* Ledger::Find(Epoch epoch) const {
  const auto found = incarnations_.find(epoch);
  return found == incarnations_.end() ? nullptr : &found->second;
}

ClientJudge::ClientJudge(const Ledger& ledger, std::set<std::string> topics, std::string room)
    : ledger_(ledger), room_(std::move(room)) {
  for (const std::string& topic : topics) places_[topic];
}

void ClientJudge::Claims(std::string last_event_id) {
  last_event_id_ = std::move(last_event_id);
  const std::optional<EventId> id = ParseEventId(last_event_id_);
  const Ledger::Incarnation* of = id ? ledger_.Find(id->epoch) : nullptr;
  for (auto& [topic, place] : places_) {
    if (of == nullptr) {
      place.gap_due = true;
    } else {
      place = {.epoch = id->epoch, .after = id->offset};
    }
  }
}

void ClientJudge::Connects(Start start) {
  start_ = start;
  opened_ = false;
  transients_.clear();
  asked_ = ParseEventId(last_event_id_);
  position_ = asked_;
  const Ledger::Incarnation* of = asked_ ? ledger_.Find(asked_->epoch) : nullptr;
  for (auto& [topic, place] : places_) {
    // It was told a gap, though not of all topics, and says what it has said before.
    const bool again = place.epoch != 0 && !last_event_id_.empty() &&
                       (of == nullptr || IsLater(place.epoch, asked_->epoch));
    if (again) place.gap_due = true;
  }
  if (of == nullptr) {
    position_.reset();
    return;
  }
  const auto hole = of->holes.upper_bound(asked_->offset);
  const bool in_hole = hole != of->holes.begin() && asked_->offset < std::prev(hole)->second;
  const bool past_end = asked_->offset > of->end;
  if (past_end) position_.reset();
  for (auto& [topic, place] : places_) {
    // Its gap was still to come, further on: from here on there is one all the same.
    const auto dropped = of->dropped.find(topic);
    const bool gap_is_ahead = dropped != of->dropped.end() && dropped->second > asked_->offset;
    if (gap_is_ahead && (place.epoch == 0 || IsLater(asked_->epoch, place.epoch))) {
      place = {.epoch = asked_->epoch, .after = asked_->offset};
    }
    if (place.epoch != asked_->epoch) continue;
    if (place.claimed != 0) place.after = asked_->offset;
    place.gap_due = in_hole || past_end;
    place.claimed = past_end ? asked_->offset : 0;
  }
  if (past_end) asked_.reset();
}

void ClientJudge::Catch(Place& place) const {
  if (place.claimed == 0 || ledger_.Find(place.epoch)->end < place.claimed) return;
  place.claimed = 0;
  place.gap_due = false;
}

std::string ClientJudge::Opens(const std::string& start_id) {
  if (opened_) return "opened twice";
  opened_ = true;
  if (!last_event_id_.empty()) return "";  // it starts where the client said that it is
  const std::optional<EventId> id = ParseEventId(start_id);
  const Ledger::Incarnation* of = id ? ledger_.Find(id->epoch) : nullptr;
  if (of == nullptr) return "the start \"" + start_id + "\" is no position";
  if (id->offset > of->end) return "the start " + start_id + " lies past the end";
  for (auto& [topic, place] : places_) {
    place = {.epoch = id->epoch, .after = id->offset};
    if (start_ == Start::kLatest) continue;
    const auto dropped = of->dropped.find(topic);
    place.optional_through = dropped == of->dropped.end() ? 0 : dropped->second;
    place.after = std::min(place.after, place.optional_through);
  }
  last_event_id_ = start_id;
  position_ = id;
  return "";
}

std::string ClientJudge::Gets(const Arrival& arrival) {
  if (!opened_) return "something came before the connection had a start";
  if (!places_.contains(arrival.topic)) return "of a topic that was not asked for";
  if (arrival.transient) return GetsTransient(arrival);
  const std::optional<EventId> id = ParseEventId(arrival.gap ? arrival.resumed : arrival.id);
  if (!id || ledger_.Find(id->epoch) == nullptr) return "the id is none of the log's";
  if (arrival.gap && !arrival.id.empty() && arrival.id != arrival.resumed) {
    return "a gap has another id than that of where it resumes";
  }
  std::string wrong = Rises(*id, arrival.gap);
  if (wrong.empty()) wrong = arrival.gap ? GetsGap(arrival, *id) : GetsEvent(arrival, *id);
  if (!wrong.empty() || arrival.id.empty()) return wrong;
  last_event_id_ = arrival.id;
  position_ = id;
  return "";
}

std::string ClientJudge::GetsTransient(const Arrival& arrival) {
  if (!arrival.id.empty()) return "a transient event has an id";
  return transients_.insert(arrival.data).second ? "" : "a transient event was repeated";
}

std::string ClientJudge::GetsGap(const Arrival& arrival, EventId id) {
  Place& place = places_.at(arrival.topic);
  std::string wrong = WhyNoGap(arrival.topic, place, id);
  if (!wrong.empty()) return wrong;
  const Offset after =
      place.epoch == id.epoch && place.claimed == 0 ? std::max(place.after, id.offset) : id.offset;
  place = {.epoch = id.epoch, .after = after};
  return "";
}

std::string ClientJudge::WhyNoGap(const std::string& topic, const Place& place,
                                  EventId resumed) const {
  const Ledger::Incarnation& of = *ledger_.Find(resumed.epoch);
  if (resumed.offset > of.end) return "a gap goes past the end: " + At(resumed);
  if (place.claimed != 0 && place.epoch == resumed.epoch) return "";
  const auto found = of.dropped.find(topic);
  const Offset dropped = found == of.dropped.end() ? 0 : found->second;
  const Offset from = place.epoch != resumed.epoch ? 0
                      : asked_ && asked_->epoch == resumed.epoch && place.claimed == 0
                          ? std::max(place.after, asked_->offset)
                          : place.after;
  bool anything = false;
  for (auto it = of.entries.upper_bound(from);
       it != of.entries.end() && it->first <= resumed.offset; ++it) {
    if (it->second.topic != topic) continue;
    anything = true;
    if (it->first > dropped) {
      return "a gap leaves out what is still there: " + At({resumed.epoch, it->first, false});
    }
  }
  if (place.epoch != resumed.epoch || place.gap_due || anything) return "";
  return "a gap where nothing was dropped: " + At(resumed);
}

std::string ClientJudge::GetsEvent(const Arrival& arrival, EventId id) {
  const Ledger::Incarnation& of = *ledger_.Find(id.epoch);
  const auto found = of.entries.find(id.offset);
  if (found == of.entries.end() || found->second.topic != arrival.topic ||
      found->second.data != arrival.data) {
    return "was never stored so";
  }
  if (!room_.empty() && found->second.room != room_) return "was not asked for";
  Place& place = places_.at(arrival.topic);
  Catch(place);
  if (place.gap_due) return "a gap was due";
  if (place.epoch != id.epoch) return "another epoch without a gap";
  if (const Offset owed = FirstOwed(arrival.topic, place, id.offset - 1); owed != 0) {
    return "missed " + At({id.epoch, owed, false});
  }
  if (id.offset <= place.after) return "was repeated";
  place.after = id.offset;
  return "";
}

std::string ClientJudge::HearsHeartbeat(const std::string& text) {
  const std::optional<EventId> id = ParseEventId(text);
  const Ledger::Incarnation* of = id ? ledger_.Find(id->epoch) : nullptr;
  if (of == nullptr) return "a heartbeat's id is none of the log's";
  if (id->offset > of->end) return "a heartbeat lies past the end";
  if (std::string wrong = Rises(*id, true); !wrong.empty()) return "a heartbeat: " + wrong;
  for (auto& [topic, place] : places_) {
    Catch(place);
    if (place.gap_due) return "a heartbeat before the gap of " + topic;
    if (place.epoch != id->epoch) return "a heartbeat of another epoch than " + topic + "'s";
    if (const Offset owed = FirstOwed(topic, place, id->offset); owed != 0) {
      return "a heartbeat has passed " + At({id->epoch, owed, false}) + " of " + topic;
    }
  }
  last_event_id_ = text;
  position_ = id;
  return "";
}

std::string ClientJudge::Owed(Epoch epoch) const {
  if (!opened_) return "never opened";
  const Ledger::Incarnation& of = *ledger_.Find(epoch);
  for (const auto& [topic, as_it_was] : places_) {
    Place place = as_it_was;
    if (place.epoch != 0) Catch(place);
    if (place.gap_due) return "never got the gap of " + topic;
    if (place.epoch != epoch) return "never heard of the new epoch of " + topic;
    if (const Offset owed = FirstOwed(topic, place, of.end); owed != 0) {
      return "never got " + At({epoch, owed, false}) + " of " + topic;
    }
  }
  return "";
}

std::string ClientJudge::Rises(EventId id, bool may_stand) const {
  if (!position_) return "";
  if (id.epoch != position_->epoch) {
    return IsLater(id.epoch, position_->epoch) ? "" : "went back to an earlier epoch";
  }
  const bool rises = may_stand ? id.offset >= position_->offset : id.offset > position_->offset;
  return rises ? "" : "the ids do not rise: " + At(id) + " after " + At(*position_);
}

bool ClientJudge::IsLater(Epoch epoch, Epoch than) const {
  const Ledger::Incarnation* before = ledger_.Find(than);
  const Ledger::Incarnation* after = ledger_.Find(epoch);
  return before == nullptr || (before->part == after->part && after->number > before->number);
}

Offset ClientJudge::FirstOwed(const std::string& topic, const Place& place, Offset through) const {
  const Ledger::Incarnation& of = *ledger_.Find(place.epoch);
  for (auto it = of.entries.upper_bound(std::max(place.after, place.optional_through));
       it != of.entries.end() && it->first <= through; ++it) {
    const Ledger::Entry& entry = it->second;
    if (entry.topic == topic && (room_.empty() || entry.room == room_)) return it->first;
  }
  return 0;
}

}  // namespace sluice
