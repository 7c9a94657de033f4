#include "bridge/event_log/jetstream/stream_tail.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/json_quote.h"
#include "bridge/base/log.h"
#include "bridge/base/text.h"
#include "bridge/event_log/jetstream/topic_subject.h"

namespace sluice {
namespace {

using std::chrono::steady_clock;

constexpr absl::Duration kPatience = absl::Seconds(3);
constexpr std::chrono::milliseconds kPauseMin{50};
constexpr std::chrono::milliseconds kPauseMax{2000};
constexpr int kHeartbeatsMissed = 3;
constexpr size_t kArrivalsMax = 1024;
constexpr size_t kHeldMax = 16 * 1024;
// The server forgets a consumer that nobody has listened to for so long.
constexpr absl::Duration kInactive = absl::Seconds(30);

}  // namespace

StreamTail::StreamTail(const JetStreamEventLogOptions& options, std::string inbox, std::string name,
                       NatsRequests& requests, KnownStream& known, Followers& followers,
                       SeenIds& seen_ids, std::function<void(absl::Status)> told)
    : options_(options),
      inbox_(std::move(inbox)),
      name_(std::move(name)),
      kept_prefix_(KeptPrefix(options)),
      transient_prefix_(TransientPrefix(options)),
      requests_(requests),
      known_(known),
      followers_(followers),
      seen_ids_(seen_ids),
      told_(std::move(told)),
      doomed_(options.stream, requests) {}

template <typename Answer>
std::function<void(Answer)> StreamTail::ForThis(std::function<void(const Answer&)> done) {
  return [this, attempt = attempt_, done = std::move(done)](const Answer& answer) {
    if (attempt == attempt_) done(answer);
  };
}

void StreamTail::Begin() {
  Flush();
  ++attempt_;
  state_ = State::kOpening;
  held_.clear();
  DropConsumer();
  known_.Ask(ForThis<absl::StatusOr<StreamInfo>>([this](const absl::StatusOr<StreamInfo>& info) {
    if (!info.ok()) return Failed(info.status());
    Opened(*info);
  }));
}

void StreamTail::Away(const absl::Status& why) {
  if (state_ == State::kEnded) return;
  Flush();
  ++attempt_;
  state_ = State::kAway;
  held_.clear();
  DropConsumer();
  told_(why);
}

void StreamTail::StreamIsAnother() {
  if (state_ == State::kFollowing) Begin();
}

void StreamTail::End() {
  ++attempt_;
  state_ = State::kEnded;
  held_.clear();
  arrivals_.clear();
  next_sequence_ = 0;
  last_time_is_known_ = false;
  DropConsumer();
}

void StreamTail::Failed(const absl::Status& why) {
  Flush();
  ++attempt_;
  state_ = State::kPausing;
  held_.clear();
  // (What it still says would be held, and fail, and put the next attempt off.)
  DropConsumer();
  begin_at_ = steady_clock::now() + std::min(kPauseMin * (1 << std::min(failures_, 6u)), kPauseMax);
  ++failures_;
  told_(why);
}

void StreamTail::Opened(const StreamInfo& info) {
  const StreamOffsets& offsets = known_.offsets();
  if (next_sequence_ == 0 || offsets.epoch() != offsets_.epoch()) {
    next_sequence_ = info.last_sequence + 1;
    last_time_is_known_ = false;
    offsets_ = offsets;
    followers_.Jump(offsets.epoch(), offsets.Last(info.last_sequence));
  } else if (info.first_sequence > next_sequence_) {
    // Away for longer than the stream keeps.
    next_sequence_ = info.first_sequence;
    last_time_is_known_ = false;
    followers_.Jump(offsets.epoch(), offsets.Last(next_sequence_ - 1));
  }
  if (last_time_is_known_) return CheckLastDelivered();
  MakeConsumer();
}

// A stream that lost its newest messages, and has as many again by now, has others there.
void StreamTail::CheckLastDelivered() {
  requests_.Send(
      absl::StrCat("$JS.API.STREAM.MSG.GET.", options_.stream), {},
      absl::StrCat("{\"seq\":", next_sequence_ - 1, "}"), kPatience,
      ForThis<absl::StatusOr<NatsMessage>>([this](const absl::StatusOr<NatsMessage>& answer) {
        if (!answer.ok()) return Failed(answer.status());
        const absl::StatusOr<StoredBytes> message = ParseMessage(answer->data());
        if (!message.ok() && !absl::IsNotFound(message.status())) {
          return Failed(message.status());
        }
        if (message.ok() && message->time != absl::InfinitePast() && message->time != last_time_) {
          known_.Contradicted();
          return Begin();
        }
        MakeConsumer();
      }));
}

void StreamTail::MakeConsumer() {
  consumer_ = absl::StrCat("tail-", name_, "-", attempt_);
  deliver_subject_ = absl::StrCat(inbox_, ".", attempt_);
  consumer_sequence_ = 0;
  // An inbox of its own: what an earlier consumer still says is not taken for this one's words.
  // (The server looks for who hears exactly this subject.)
  const absl::Status heard = connection_ == nullptr ? absl::UnavailableError("NATS is away")
                                                    : connection_->Subscribe(deliver_subject_);
  if (!heard.ok()) return Failed(heard);
  const nlohmann::json request = {
      {"stream_name", options_.stream},
      {"config",
       {{"name", consumer_},
        {"deliver_subject", deliver_subject_},
        {"deliver_policy", "by_start_sequence"},
        {"opt_start_seq", next_sequence_},
        {"ack_policy", "none"},
        {"max_deliver", 1},
        {"replay_policy", "instant"},
        {"flow_control", true},
        {"idle_heartbeat", absl::ToInt64Nanoseconds(options_.tail_heartbeat)},
        {"inactive_threshold", absl::ToInt64Nanoseconds(kInactive)},
        {"mem_storage", true},
        {"num_replicas", 1}}}};
  heard_at_ = steady_clock::now();
  requests_.Send(
      absl::StrCat("$JS.API.CONSUMER.CREATE.", options_.stream, ".", consumer_), {}, request.dump(),
      kPatience,
      ForThis<absl::StatusOr<NatsMessage>>([this](const absl::StatusOr<NatsMessage>& answer) {
        if (!answer.ok()) return Failed(answer.status());
        if (absl::Status s = ParseError(answer->data()); !s.ok()) return Failed(s);
        known_.Ask(
            ForThis<absl::StatusOr<StreamInfo>>([this](const absl::StatusOr<StreamInfo>& info) {
              if (!info.ok()) return Failed(info.status());
              Confirmed();
            }));
      }));
}

void StreamTail::DropConsumer() {
  if (consumer_.empty()) return;
  doomed_.Add(std::exchange(consumer_, ""));
  if (connection_ != nullptr) connection_->Unsubscribe(deliver_subject_);
}

void StreamTail::Confirmed() {
  if (known_.offsets().epoch() != offsets_.epoch()) return Begin();
  state_ = State::kFollowing;
  failures_ = 0;
  heard_at_ = steady_clock::now();
  told_(absl::OkStatus());
}

void StreamTail::Take(const NatsMessage& message, const Delivered& from) {
  // Of an earlier consumer, which is not gone yet.
  if (consumer_.empty() || from.consumer != consumer_) return;
  // Of an earlier incarnation, while this one's consumer is made: it is found out in the end.
  if (known_.offsets().epoch() != offsets_.epoch()) return;
  heard_at_ = steady_clock::now();
  if (from.consumer_sequence != consumer_sequence_ + 1 || from.stream_sequence < next_sequence_) {
    return Begin();
  }
  consumer_sequence_ = from.consumer_sequence;
  if (!held_.empty() || from.stream_sequence != next_sequence_) return Hold(message, from);
  Accept(message, from.stream_sequence, from.time);
}

void StreamTail::Hold(const NatsMessage& message, const Delivered& from) {
  if (held_.size() >= kHeldMax) return Begin();
  held_.push_back({message, from.stream_sequence, from.time});
  if (held_.size() == 1) Explain();
}

// Whether the leader, too, has nothing from the next sequence to the first that is held.
void StreamTail::Explain() {
  requests_.Send(
      absl::StrCat("$JS.API.STREAM.MSG.GET.", options_.stream), {},
      absl::StrCat("{\"seq\":", next_sequence_,
                   ",\"next_by_subj\":", JsonQuote(kept_prefix_ + ".>"), "}"),
      kPatience,
      ForThis<absl::StatusOr<NatsMessage>>([this](const absl::StatusOr<NatsMessage>& answer) {
        if (!answer.ok()) return Failed(answer.status());
        const absl::StatusOr<StoredBytes> message = ParseMessage(answer->data());
        if (!message.ok()) return Failed(absl::UnavailableError(message.status().message()));
        if (message->sequence < held_.front().sequence) {
          return Failed(absl::UnavailableError(
              absl::StrCat("NATS: the tail of the stream ", options_.stream, " left out message ",
                           message->sequence, ", which is there; it is made anew")));
        }
        Explained();
      }));
}

// Of which topic the missing ones were, nobody knows: all who follow any are told, before what
// comes behind the hole.
void StreamTail::Explained() {
  if (known_.offsets().epoch() != offsets_.epoch()) return Begin();
  Flush();
  followers_.Jump(offsets_.epoch(), offsets_.Last(held_.front().sequence - 1));
  do {
    const Held held = std::move(held_.front());
    held_.pop_front();
    Accept(held.message, held.sequence, held.time);
  } while (!held_.empty() && held_.front().sequence == next_sequence_);
  if (!held_.empty()) Explain();
}

void StreamTail::Accept(const NatsMessage& message, uint64_t sequence, absl::Time time) {
  next_sequence_ = sequence + 1;
  last_time_ = time;
  last_time_is_known_ = true;
  known_.Saw(sequence);
  moved_ = true;
  std::optional<std::string> topic = TopicOfSubject(kept_prefix_, message.subject());
  if (!topic) return Skip(message.subject(), absl::DataLossError("is no topic's subject"));
  if (!message.header("Sluice-Publisher-Id").empty()) Remember(message, *topic, sequence, time);
  auto decode = [this, message, topic = *topic, offsets = offsets_,
                 sequence]() -> std::vector<StoredEventPtr> {
    absl::StatusOr<std::vector<Event>> events = DecodeMessage(topic, message.data());
    if (events.ok()) return PlaceEvents(*std::move(events), offsets, sequence);
    Skip(message.subject(), events.status());
    return {};
  };
  arrivals_.push_back({*std::move(topic), std::move(decode)});
  if (arrivals_.size() >= kArrivalsMax) Flush();
}

void StreamTail::TakeControl(const NatsMessage& message) {
  if (consumer_.empty() || message.subject() != deliver_subject_) return;
  heard_at_ = steady_clock::now();
  // Flow control: the server goes on when it hears that we have come this far.
  for (const std::string_view subject :
       {message.reply(), message.header("Nats-Consumer-Stalled")}) {
    if (!subject.empty() && connection_ != nullptr) {
      (void)connection_->Publish(std::string(subject), "", {}, "");
    }
  }
  const std::string_view last = message.header("Nats-Last-Consumer");
  uint64_t sequence = 0;
  if (last.empty() || !absl::SimpleAtoi(AsAbsl(last), &sequence)) return;
  if (sequence != consumer_sequence_ && state_ == State::kFollowing) Begin();
}

void StreamTail::TakeTransient(const NatsMessage& message) {
  std::optional<std::string> topic = TopicOfSubject(transient_prefix_, message.subject());
  if (!topic) return Skip(message.subject(), absl::DataLossError("is no topic's subject"));
  const Offset at = next_sequence_ == 0 ? followers_.head() : offsets_.Last(next_sequence_ - 1);
  const EventId place{known_.offsets().epoch(), at, false};
  auto decode = [this, message, topic = *topic, place]() {
    std::vector<StoredEventPtr> placed;
    absl::StatusOr<std::vector<Event>> events = DecodeMessage(topic, message.data());
    if (!events.ok()) Skip(message.subject(), events.status());
    if (!events.ok()) return placed;
    for (Event& event : *events) {
      event.transient = true;
      placed.push_back(std::make_shared<const StoredEvent>(std::move(event), place));
    }
    return placed;
  };
  arrivals_.push_back({*std::move(topic), std::move(decode)});
  if (arrivals_.size() >= kArrivalsMax) Flush();
}

void StreamTail::Remember(const NatsMessage& message, const std::string& topic, uint64_t sequence,
                          absl::Time time) {
  const absl::StatusOr<std::vector<Event>> events = DecodeMessage(topic, message.data());
  if (!events.ok() || events->size() != 1) return;
  seen_ids_.Add(std::string(message.header("Nats-Msg-Id")),
                {DigestContent(events->front()), offsets_.Last(sequence)}, time);
}

void StreamTail::Skip(std::string_view subject, const absl::Status& why) {
  ++skipped_;
  const auto now = steady_clock::now();
  if (now < next_log_) return;
  next_log_ = now + std::chrono::seconds(1);
  log::Warning("a message that is no event was skipped",
               {{"subject", subject}, {"why", std::string(why.message())}, {"skipped", skipped_}});
}

void StreamTail::Flush() {
  if (!moved_ && arrivals_.empty()) return;
  moved_ = false;
  followers_.Deliver(std::exchange(arrivals_, {}),
                     next_sequence_ == 0 ? 0 : offsets_.Last(next_sequence_ - 1));
}

void StreamTail::Tick() {
  doomed_.Tick();
  const auto now = steady_clock::now();
  if (state_ == State::kPausing && now >= begin_at_) return Begin();
  const auto silence = absl::ToChronoNanoseconds(options_.tail_heartbeat) * kHeartbeatsMissed;
  if (state_ == State::kFollowing && now - heard_at_ > silence) {
    told_(absl::UnavailableError("NATS: the stream's tail has fallen silent"));
    Begin();
  }
}

}  // namespace sluice
