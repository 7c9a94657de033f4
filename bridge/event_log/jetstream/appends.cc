#include "bridge/event_log/jetstream/appends.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/event_log/jetstream/topic_subject.h"
#include "bridge/event_log/record.h"

namespace sluice {
namespace {

using std::chrono::steady_clock;

// What travels together.
constexpr size_t kEventsTogether = 128;
constexpr size_t kBytesTogether = 128 << 10;
// One attempt to have a message stored; then it is sent again.
constexpr absl::Duration kAttempt = absl::Seconds(2);
constexpr std::chrono::milliseconds kPauseMin{25};
constexpr uint32_t kDoublings = 4;
// Of the server's window: what is sent then is there before it ends.
constexpr double kWindowShare = 0.75;

// What is refused names the event; the rest is nobody's fault.
absl::Status OfEvent(size_t index, const absl::Status& why) {
  if (absl::IsUnavailable(why)) return why;
  const char* field = absl::IsAlreadyExists(why) || absl::IsInvalidArgument(why) ? ".id" : "";
  return absl::Status(why.code(), absl::StrCat("events[", index, "]", field, ": ", why.message()));
}

absl::Status UsedBefore() {
  return absl::AlreadyExistsError("was used before on this topic with other content");
}

bool AnyWaits(const std::vector<AppendUnit>& units) {
  return std::any_of(units.begin(), units.end(),
                     [](const AppendUnit& unit) { return !unit.request->answered(); });
}

}  // namespace

Appends::Appends(const JetStreamEventLogOptions& options, NatsRequests& requests,
                 KnownStream& known, const Followers& followers, SeenIds& seen_ids)
    : options_(options),
      kept_prefix_(KeptPrefix(options)),
      transient_prefix_(TransientPrefix(options)),
      requests_(requests),
      known_(known),
      seen_ids_(seen_ids),
      placing_(known, followers) {}

void Appends::Add(AppendRequest asked, EventLog::AppendDone done,
                  std::shared_ptr<const void> room) {
  const auto patience = std::min(options_.append_timeout, asked.deadline - absl::Now());
  const auto request =
      std::make_shared<PendingAppend>(std::move(asked), std::move(done), std::move(room));
  if (absl::Status status = Check(*request); !status.ok()) return request->Answer(status);
  std::set<std::string> touched;
  for (size_t i = 0; i < request->events().size(); ++i) {
    if (request->settled(i)) continue;
    const AppendUnit unit{request, i};
    const std::string& topic = unit.event().topic;
    std::unique_ptr<Lane>& lane = lanes_[topic];
    if (lane == nullptr) lane = std::make_unique<Lane>(Lane{topic, {}, nullptr});
    if (Joins(*lane, unit)) {
      request->Sent();
      lane->flight->joined.push_back(unit);
      continue;
    }
    lane->waiting.push_back(unit);
    touched.insert(topic);
  }
  request->AnswerIfDone();
  if (request->answered()) return;
  expiring_.emplace(steady_clock::now() + absl::ToChronoNanoseconds(patience), request);
  for (const std::string& topic : touched) {
    if (const auto lane = lanes_.find(topic); lane != lanes_.end()) Continue(*lane->second);
  }
}

// Before anything is stored: what is too large, or an id that stands for other content, in the
// log, on its way there or in the request. What is stored already is settled.
absl::Status Appends::Check(PendingAppend& request) const {
  const int64_t max_payload = connection_ != nullptr ? connection_->MaxPayload() : 0;
  if (absl::Status status = CheckSizes(request.events(), max_payload, options_); !status.ok()) {
    return status;
  }
  const Epoch epoch = known_.offsets().epoch();
  absl::flat_hash_map<std::string, ContentDigest> in_request;
  for (size_t i = 0; i < request.events().size(); ++i) {
    const Event& event = request.events()[i];
    if (event.publisher_id.empty()) continue;
    const std::string id = MessageIdOf(request.principal(), event.topic, event.publisher_id);
    const ContentDigest content = DigestContent(event);
    const auto [earlier, first] = in_request.try_emplace(id, content);
    if (earlier->second != content) return OfEvent(i, UsedBefore());
    const auto lane = lanes_.find(event.topic);
    if (lane != lanes_.end() && lane->second->flight != nullptr &&
        lane->second->flight->message.id == id &&
        DigestContent(lane->second->flight->units.front().event()) != content) {
      return OfEvent(i, UsedBefore());
    }
    const SeenIds::Seen* known = seen_ids_.Find(id, absl::Now());
    if (known != nullptr && known->content != content) return OfEvent(i, UsedBefore());
    if (known != nullptr) {
      request.Settle(i, {EventId{epoch, known->offset, event.end_of_stream}, false, true});
    } else if (!first) {
      return OfEvent(i, absl::InvalidArgumentError("stands twice in this request"));
    }
  }
  return absl::OkStatus();
}

bool Appends::Joins(const Lane& lane, const AppendUnit& unit) const {
  const std::string& id = unit.event().publisher_id;
  return lane.flight != nullptr && !id.empty() && !unit.event().transient &&
         lane.flight->message.id == MessageIdOf(unit.request->principal(), lane.topic, id);
}

// What the lane sends next; null: it has nothing to store.
std::unique_ptr<Appends::Flight> Appends::TakeNext(Lane& lane) {
  const int64_t max_payload = connection_ != nullptr ? connection_->MaxPayload() : 0;
  const size_t bytes_max = std::min(kBytesTogether, RecordBytesMax(max_payload, options_));
  auto flight = std::make_unique<Flight>();
  std::vector<std::string> records;
  size_t bytes = 0;
  while (!lane.waiting.empty() && records.size() < kEventsTogether) {
    const AppendUnit unit = lane.waiting.front();
    const Event& event = unit.event();
    if (!unit.request->is_over()) {
      if (event.transient || (!records.empty() && !event.publisher_id.empty())) break;
      std::string record = EncodeRecord(event);
      bytes += BytesInMessage(record);
      if (!records.empty() && bytes > bytes_max) break;
      records.push_back(std::move(record));
      flight->units.push_back(unit);
      unit.request->Sent();
    }
    lane.waiting.pop_front();
    if (!flight->units.empty() && !flight->units.front().event().publisher_id.empty()) break;
  }
  if (records.empty()) return nullptr;
  const AppendUnit& first = flight->units.front();
  const std::string& id = first.event().publisher_id;
  flight->message = MakeMessage(
      id.empty() ? RandomMessageId() : MessageIdOf(first.request->principal(), lane.topic, id), id,
      records, options_);
  flight->number = ++last_flight_;
  return flight;
}

void Appends::PublishTransient(const AppendUnit& unit) {
  const absl::Status sent =
      connection_ == nullptr || !connection_->IsConnected()
          ? absl::UnavailableError("NATS is away")
          : connection_->Publish(SubjectOfTopic(transient_prefix_, unit.event().topic), "", {},
                                 EncodeMessage({EncodeRecord(unit.event())}));
  unit.request->Sent();
  if (!sent.ok()) return unit.request->Lost(sent);
  const EventId id{known_.offsets().epoch(), known_.offsets().Last(known_.last_sequence()),
                   unit.event().end_of_stream};
  unit.request->Arrived(unit.index, {id, true, false});
}

// Until something is in flight, or nothing waits.
void Appends::Start(Lane& lane) {
  while (lane.flight == nullptr && !lane.waiting.empty()) {
    const AppendUnit unit = lane.waiting.front();
    if (unit.request->is_over()) {
      lane.waiting.pop_front();
    } else if (unit.event().transient) {
      lane.waiting.pop_front();
      PublishTransient(unit);
    } else {
      lane.flight = TakeNext(lane);
      if (lane.flight != nullptr) Send(lane);
    }
  }
}

// (By name: the lane is looked up again when the answer comes.)
NatsRequests::Done Appends::WhileInFlight(const Lane& lane, ForFlight then) {
  return [this, topic = lane.topic, number = lane.flight->number,
          then = std::move(then)](const absl::StatusOr<NatsMessage>& answer) {
    const auto found = lanes_.find(topic);
    if (found == lanes_.end() || found->second->flight == nullptr ||
        found->second->flight->number != number) {
      return;
    }
    then(*found->second, answer);
  };
}

void Appends::Send(Lane& lane) {
  Flight& flight = *lane.flight;
  flight.stream = known_.offsets();
  flight.reached = known_.last_sequence();
  // (Before the stream is known, what is stored has no place.)
  if (flight.stream.epoch() == 0 || connection_ == nullptr || !connection_->IsConnected()) {
    return Again(lane);
  }
  if (flight.attempts == 0) {
    flight.ends_at = steady_clock::now() + absl::ToChronoNanoseconds(window_ * kWindowShare);
  }
  ++flight.attempts;
  flight.under_way = true;
  requests_.Send(SubjectOfTopic(kept_prefix_, lane.topic), flight.message.headers,
                 flight.message.body, kAttempt,
                 WhileInFlight(lane, [this](Lane& its, const absl::StatusOr<NatsMessage>& answer) {
                   Answered(its, answer);
                 }));
}

void Appends::Again(Lane& lane) {
  Flight& flight = *lane.flight;
  flight.under_way = false;
  flight.again_at = steady_clock::now() + kPauseMin * (1 << std::min(flight.attempts, kDoublings));
}

void Appends::Answered(Lane& lane, const absl::StatusOr<NatsMessage>& answer) {
  Flight& flight = *lane.flight;
  flight.under_way = false;
  absl::Status why = answer.status();
  if (why.ok()) {
    const absl::StatusOr<Acknowledgement> ack = ParseAcknowledgement(answer->data());
    if (ack.ok()) {
      const bool ours = flight.units.front().event().publisher_id.empty();
      if (ack->duplicate && !ours) return Compare(lane, *ack);
      return Stored(lane, *ack, false);
    }
    why = ack.status();
  } else if (absl::IsDeadlineExceeded(why)) {
    flight.may_be_stored = true;
  }
  // Refused for good, like a message that is too large: sending it again changes nothing.
  if (absl::IsFailedPrecondition(why) || absl::IsResourceExhausted(why)) return Failed(lane, why);
  placing_.Doubt();
  Again(lane);
}

// Somebody has stored this id before (it may have been us, whose answer was lost).
void Appends::Compare(Lane& lane, const Acknowledgement& ack) {
  lane.flight->under_way = true;
  requests_.Send(
      absl::StrCat("$JS.API.STREAM.MSG.GET.", options_.stream), {},
      absl::StrCat("{\"seq\":", ack.sequence, "}"), kAttempt,
      WhileInFlight(lane, [this, ack](Lane& its, const absl::StatusOr<NatsMessage>& answer) {
        Compared(its, ack, answer);
      }));
}

void Appends::Compared(Lane& lane, const Acknowledgement& ack,
                       const absl::StatusOr<NatsMessage>& answer) {
  const Flight& flight = *lane.flight;
  // (It is stored, whatever was not answered.)
  const bool was_there = flight.attempts == 1;
  if (!answer.ok()) return Again(lane);
  const absl::StatusOr<StoredBytes> stored = ParseMessage(answer->data());
  // It was let go of already: its id is all that is left to compare.
  if (absl::IsNotFound(stored.status())) return Stored(lane, ack, was_there);
  // (Another stream, made anew in between, has another message there.)
  if (!stored.ok() || stored->headers.find(flight.message.id) == std::string::npos) {
    return Again(lane);
  }
  const absl::StatusOr<std::vector<Event>> events = DecodeMessage(lane.topic, stored->body);
  const AppendUnit& unit = flight.units.front();
  if (events.ok() && events->size() == 1 &&
      DigestContent(events->front()) == DigestContent(unit.event())) {
    return Stored(lane, ack, was_there);
  }
  Failed(lane, UsedBefore());
}

void Appends::Stored(Lane& lane, const Acknowledgement& ack, bool duplicate) {
  const std::unique_ptr<Flight> flight = std::move(lane.flight);
  Placing::Message message;
  message.units = std::move(flight->units);
  message.joined = std::move(flight->joined);
  message.sequence = ack.sequence;
  message.duplicate = duplicate;
  message.in_doubt = ack.duplicate || ack.sequence <= flight->reached;
  if (!ack.duplicate && message.in_doubt && flight->stream.epoch() == known_.offsets().epoch()) {
    known_.Contradicted();
  }
  message.stream = flight->stream;
  placing_.Add(std::move(message));
  Continue(lane);
}

void Appends::Failed(Lane& lane, const absl::Status& why) {
  const std::unique_ptr<Flight> flight = std::move(lane.flight);
  for (const std::vector<AppendUnit>* units : {&flight->units, &flight->joined}) {
    for (const AppendUnit& unit : *units) {
      const std::vector<Event>& events = unit.request->events();
      unit.request->Lost(OfEvent(unit.index, why));
      LetGo(events);
    }
  }
  Continue(lane);
}

void Appends::LetGo(const std::vector<Event>& events) {
  for (const Event& event : events) {
    const auto found = lanes_.find(event.topic);
    if (found == lanes_.end()) continue;
    Lane& lane = *found->second;
    // (Those behind others go when these do: they wait for no longer.)
    while (!lane.waiting.empty() && lane.waiting.front().request->is_over()) {
      lane.waiting.pop_front();
    }
    const Flight* flight = lane.flight.get();
    if (flight == nullptr || flight->under_way || flight->may_be_stored ||
        AnyWaits(flight->units) || AnyWaits(flight->joined)) {
      continue;
    }
    // Nobody asks for it any more, and no server has it.
    lane.flight = nullptr;
  }
}

void Appends::Continue(Lane& lane) {
  Start(lane);
  if (lane.flight == nullptr && lane.waiting.empty()) lanes_.erase(std::string(lane.topic));
}

void Appends::Tick() {
  const auto now = steady_clock::now();
  while (!expiring_.empty()) {
    const auto first = expiring_.begin();
    const PendingAppendPtr request = first->second.lock();
    if (request != nullptr && !request->answered()) {
      if (first->first > now) break;
      request->Answer(absl::UnavailableError("its time was up"));
      LetGo(request->events());
    }
    expiring_.erase(first);
  }
  std::vector<std::string> over;
  for (auto& [topic, lane] : lanes_) {
    const Flight* flight = lane->flight.get();
    if (flight == nullptr || (flight->attempts > 0 && flight->ends_at <= now)) {
      over.push_back(topic);
    } else if (!flight->under_way && flight->again_at <= now) {
      Send(*lane);
    }
  }
  for (const std::string& topic : over) {
    Lane& lane = *lanes_.find(topic)->second;
    if (lane.flight == nullptr) {
      Continue(lane);
    } else {
      Failed(lane, absl::UnavailableError("NATS did not store it in time"));
    }
  }
  placing_.Tick();
}

void Appends::FailAll(const absl::Status& why) {
  const auto lanes = std::exchange(lanes_, {});
  for (const auto& [topic, lane] : lanes) {
    for (const AppendUnit& unit : lane->waiting) unit.request->Answer(why);
    if (lane->flight == nullptr) continue;
    for (const AppendUnit& unit : lane->flight->units) unit.request->Answer(why);
    for (const AppendUnit& unit : lane->flight->joined) unit.request->Answer(why);
  }
  placing_.FailAll(why);
}

}  // namespace sluice
