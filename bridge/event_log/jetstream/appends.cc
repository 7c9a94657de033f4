#include "bridge/event_log/jetstream/appends.h"

#include <algorithm>
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

std::string At(size_t index, absl::string_view what) {
  return absl::StrCat("events[", index, "].id: ", what);
}

}  // namespace

Appends::Appends(const JetStreamEventLogOptions& options, NatsRequests& requests,
                 Followers& followers, SeenIds& seen_ids, std::function<void()> doubt)
    : options_(options),
      kept_prefix_(KeptPrefix(options)),
      transient_prefix_(TransientPrefix(options)),
      requests_(requests),
      followers_(followers),
      seen_ids_(seen_ids),
      doubt_(std::move(doubt)) {}

void Appends::Add(AppendRequest asked, EventLog::AppendDone done) {
  const auto request = std::make_shared<Request>();
  request->asked = std::move(asked);
  request->results.resize(request->asked.events.size());
  if (absl::Status status = FindDuplicates(*request); !status.ok()) return done(status);
  request->done = std::move(done);
  request->until = steady_clock::now() + absl::ToChronoNanoseconds(options_.append_timeout);
  std::vector<std::string> touched;
  for (size_t i = 0; i < request->asked.events.size(); ++i) {
    if (request->results[i].duplicate) continue;
    const std::string& topic = request->asked.events[i].topic;
    std::unique_ptr<Lane>& lane = lanes_[topic];
    if (lane == nullptr) lane = std::make_unique<Lane>(Lane{topic, {}, nullptr});
    lane->waiting.push_back({request, i});
    ++request->open;
    if (lane->flight == nullptr && (touched.empty() || touched.back() != topic)) {
      touched.push_back(topic);
    }
  }
  if (request->open == 0) return Finish(request);
  expiring_.push_back(request);
  for (const std::string& topic : touched) {
    if (const auto lane = lanes_.find(topic); lane != lanes_.end()) Continue(*lane->second);
  }
}

// Before anything is stored: an id that stands twice, in the log or in the request, must
// stand for the same content.
absl::Status Appends::FindDuplicates(Request& request) {
  const absl::Time now = absl::Now();
  const Epoch epoch = followers_.offsets().epoch();
  absl::flat_hash_map<std::string, ContentDigest> in_request;
  for (size_t i = 0; i < request.asked.events.size(); ++i) {
    const Event& event = request.asked.events[i];
    if (event.publisher_id.empty()) continue;
    const std::string id = MessageIdOf(request.asked.principal, event.topic, event.publisher_id);
    const ContentDigest content = DigestContent(event);
    const SeenIds::Seen* known = seen_ids_.Find(id, now);
    const auto [earlier, first] = in_request.try_emplace(id, content);
    if ((known != nullptr && known->content != content) || earlier->second != content) {
      return absl::AlreadyExistsError(At(i, "was used before on this topic with other content"));
    }
    if (known != nullptr) {
      request.results[i] = {EventId{epoch, known->offset, event.end_of_stream}, false, true};
    } else if (!first) {
      return absl::InvalidArgumentError(At(i, "stands twice in this request"));
    }
  }
  return absl::OkStatus();
}

// What the lane sends next; null: it has nothing to store.
std::unique_ptr<Appends::Flight> Appends::TakeNext(Lane& lane) const {
  auto flight = std::make_unique<Flight>();
  std::vector<std::string> records;
  size_t bytes = 0;
  while (!lane.waiting.empty() && records.size() < kEventsTogether) {
    const Unit& unit = lane.waiting.front();
    const Event& event = unit.event();
    if (!records.empty() && (event.transient || !event.publisher_id.empty())) break;
    if (event.transient) break;
    std::string record = EncodeRecord(event);
    bytes += record.size();
    if (!records.empty() && bytes > kBytesTogether) break;
    records.push_back(std::move(record));
    flight->units.push_back(unit);
    lane.waiting.pop_front();
    if (!event.publisher_id.empty()) break;
  }
  if (records.empty()) return nullptr;
  const Unit& first = flight->units.front();
  const std::string& id = first.event().publisher_id;
  flight->message_id =
      id.empty() ? RandomMessageId() : MessageIdOf(first.request->asked.principal, lane.topic, id);
  flight->headers = {{"Nats-Msg-Id", flight->message_id},
                     {"Nats-Expected-Stream", options_.stream},
                     {"Sluice-Events", absl::StrCat(records.size())}};
  if (!id.empty()) flight->headers.emplace_back("Sluice-Publisher-Id", PublisherIdDigest(id));
  flight->body = EncodeMessage(records);
  flight->until = first.request->until;
  return flight;
}

absl::Status Appends::PublishTransient(const Unit& unit) {
  if (connection_ == nullptr || !connection_->IsConnected()) {
    return absl::UnavailableError("NATS is away");
  }
  return connection_->Publish(SubjectOfTopic(transient_prefix_, unit.event().topic), "", {},
                              EncodeMessage({EncodeRecord(unit.event())}));
}

// Until something is in flight, or nothing waits.
void Appends::Start(Lane& lane) {
  while (lane.flight == nullptr && !lane.waiting.empty()) {
    const Unit unit = lane.waiting.front();
    if (unit.event().transient) {
      lane.waiting.pop_front();
      const absl::Status sent = PublishTransient(unit);
      if (sent.ok()) {
        const EventId id{followers_.offsets().epoch(), followers_.head(),
                         unit.event().end_of_stream};
        unit.request->results[unit.index] = {id, true, false};
        --unit.request->open;
        Finish(unit.request);
      } else {
        --unit.request->open;
        Expire(unit.request, sent);
      }
      continue;
    }
    lane.flight = TakeNext(lane);
    if (lane.flight != nullptr) Send(lane);
  }
}

void Appends::Send(Lane& lane) {
  Flight& flight = *lane.flight;
  ++flight.attempts;
  flight.waits = false;
  const auto left = absl::FromChrono(flight.until - steady_clock::now());
  // (By name: the lane is looked up again when the answer comes.)
  requests_.Send(SubjectOfTopic(kept_prefix_, lane.topic), flight.headers, flight.body,
                 std::clamp(left, absl::Milliseconds(1), kAttempt),
                 [this, topic = lane.topic,
                  id = flight.message_id](const absl::StatusOr<NatsMessage>& answer) {
                   const auto found = lanes_.find(topic);
                   if (found == lanes_.end() || found->second->flight == nullptr ||
                       found->second->flight->message_id != id) {
                     return;
                   }
                   Answered(*found->second, answer);
                 });
}

void Appends::Answered(Lane& lane, const absl::StatusOr<NatsMessage>& answer) {
  Flight& flight = *lane.flight;
  absl::Status why = answer.status();
  if (why.ok()) {
    const absl::StatusOr<Acknowledgement> ack = ParseAcknowledgement(answer->data());
    if (ack.ok()) return Acknowledged(lane, *ack);
    why = ack.status();
  }
  // Refused for good, like a message that is too large: sending it again changes nothing.
  if (absl::IsFailedPrecondition(why) || absl::IsResourceExhausted(why)) return Failed(lane, why);
  const auto now = steady_clock::now();
  if (now >= flight.until) return Failed(lane, why);
  flight.waits = true;
  flight.again_at = now + kPauseMin * (1 << std::min(flight.attempts, kDoublings));
}

void Appends::Acknowledged(Lane& lane, const Acknowledgement& ack) {
  const bool ours = lane.flight->units.front().event().publisher_id.empty();
  if (ack.duplicate && !ours) return Compare(lane, ack);
  Stored(lane, ack.sequence, false);
}

// Somebody has stored this id before (it may have been us, whose answer was lost).
void Appends::Compare(Lane& lane, const Acknowledgement& ack) {
  const std::string body = absl::StrCat("{\"seq\":", ack.sequence, "}");
  requests_.Send(
      absl::StrCat("$JS.API.STREAM.MSG.GET.", options_.stream), {}, body, kAttempt,
      [this, topic = lane.topic, id = lane.flight->message_id,
       ack](const absl::StatusOr<NatsMessage>& answer) {
        const auto found = lanes_.find(topic);
        if (found == lanes_.end() || found->second->flight == nullptr ||
            found->second->flight->message_id != id) {
          return;
        }
        Lane& waiting = *found->second;
        if (!answer.ok()) return Failed(waiting, answer.status());
        const absl::StatusOr<StoredBytes> stored = ParseMessage(answer->data());
        // It was let go of already: its id is all that is left to compare.
        if (absl::IsNotFound(stored.status())) return Stored(waiting, ack.sequence, true);
        if (!stored.ok()) return Failed(waiting, stored.status());
        const absl::StatusOr<std::vector<Event>> events = DecodeMessage(topic, stored->body);
        const Unit& unit = waiting.flight->units.front();
        if (events.ok() && events->size() == 1 &&
            DigestContent(events->front()) == DigestContent(unit.event())) {
          return Stored(waiting, ack.sequence, waiting.flight->attempts == 1);
        }
        Failed(waiting, absl::AlreadyExistsError(
                            At(unit.index, "was used before on this topic with other content")));
      });
}

void Appends::Stored(Lane& lane, uint64_t sequence, bool duplicate) {
  const std::unique_ptr<Flight> flight = std::move(lane.flight);
  const StreamOffsets offsets = followers_.offsets();
  Offset offset = offsets.Last(sequence) - flight->units.size();
  for (const Unit& unit : flight->units) {
    Request& request = *unit.request;
    request.results[unit.index] = {EventId{offsets.epoch(), ++offset, unit.event().end_of_stream},
                                   false, duplicate};
    ++request.stored;
    --request.open;
    Finish(unit.request);
  }
  Continue(lane);
}

void Appends::Failed(Lane& lane, const absl::Status& why) {
  const std::unique_ptr<Flight> flight = std::move(lane.flight);
  if (absl::IsUnavailable(why)) doubt_();
  const std::string topic = lane.topic;
  for (const Unit& unit : flight->units) {
    --unit.request->open;
    Expire(unit.request, why);
  }
  if (const auto found = lanes_.find(topic); found != lanes_.end()) Continue(*found->second);
}

// Nothing more of it is sent; what is in flight is waited for.
void Appends::Expire(const RequestPtr& request, const absl::Status& why) {
  if (request->failure.ok()) request->failure = why;
  for (const Event& event : request->asked.events) {
    const auto found = lanes_.find(event.topic);
    if (found == lanes_.end()) continue;
    request->open -= std::erase_if(found->second->waiting,
                                   [&](const Unit& unit) { return unit.request == request; });
  }
  Finish(request);
}

void Appends::Finish(const RequestPtr& request) {
  if (request->open > 0 || request->done == nullptr) return;
  const EventLog::AppendDone done = std::exchange(request->done, nullptr);
  if (request->failure.ok()) return done(std::move(request->results));
  const absl::Status& why = request->failure;
  if (request->stored > 0) {
    return done(absl::UnavailableError(
        absl::StrCat(why.message(), "; ", request->stored, " of ", request->results.size(),
                     " events were stored: events with ids can be sent again")));
  }
  if (absl::IsAlreadyExists(why) || absl::IsFailedPrecondition(why) ||
      absl::IsResourceExhausted(why)) {
    return done(why);
  }
  done(absl::UnavailableError(absl::StrCat("the event log could not store it: ", why.message())));
}

void Appends::Continue(Lane& lane) {
  Start(lane);
  if (lane.flight == nullptr && lane.waiting.empty()) lanes_.erase(std::string(lane.topic));
}

void Appends::Tick() {
  const auto now = steady_clock::now();
  while (!expiring_.empty()) {
    const RequestPtr request = expiring_.front().lock();
    if (request != nullptr && request->done != nullptr) {
      if (request->until > now) break;
      Expire(request, absl::UnavailableError("its time was up"));
    }
    expiring_.pop_front();
  }
  std::vector<std::string> over;
  for (auto& [topic, lane] : lanes_) {
    if (lane->flight == nullptr || !lane->flight->waits) continue;
    if (lane->flight->until <= now) {
      over.push_back(topic);
    } else if (lane->flight->again_at <= now) {
      Send(*lane);
    }
  }
  for (const std::string& topic : over) {
    Failed(*lanes_.find(topic)->second, absl::UnavailableError("NATS did not store it in time"));
  }
}

void Appends::FailAll(const absl::Status& why) {
  std::vector<RequestPtr> requests;
  for (auto& [topic, lane] : lanes_) {
    if (lane->flight != nullptr) {
      for (const Unit& unit : lane->flight->units) requests.push_back(unit.request);
    }
    for (const Unit& unit : lane->waiting) requests.push_back(unit.request);
  }
  lanes_.clear();
  for (const RequestPtr& request : requests) {
    request->open = 0;
    request->failure.Update(why);
    Finish(request);
  }
}

}  // namespace sluice
