#include "bridge/event_log/jetstream/stream_tail.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
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
// The server forgets a consumer that nobody has listened to for so long.
constexpr absl::Duration kInactive = absl::Seconds(30);

}  // namespace

StreamTail::StreamTail(const JetStreamEventLogOptions& options, std::string inbox,
                       NatsRequests& requests, Followers& followers, SeenIds& seen_ids,
                       std::function<void(absl::Status)> told)
    : options_(options),
      inbox_(std::move(inbox)),
      kept_prefix_(KeptPrefix(options)),
      transient_prefix_(TransientPrefix(options)),
      requests_(requests),
      followers_(followers),
      seen_ids_(seen_ids),
      told_(std::move(told)) {}

NatsRequests::Done StreamTail::ForThis(std::function<void(absl::StatusOr<NatsMessage>)> done) {
  return [this, attempt = attempt_, done = std::move(done)](absl::StatusOr<NatsMessage> answer) {
    if (attempt == attempt_) done(std::move(answer));
  };
}

void StreamTail::Begin() {
  Flush();
  ++attempt_;
  state_ = State::kOpening;
  if (!consumer_.empty()) {
    (void)connection_->Publish(
        absl::StrCat("$JS.API.CONSUMER.DELETE.", options_.stream, ".", consumer_), "", {}, "");
    consumer_.clear();
  }
  AskForStream(false);
}

void StreamTail::Away(const absl::Status& why) {
  Flush();
  ++attempt_;
  state_ = State::kAway;
  consumer_.clear();
  told_(why);
}

void StreamTail::Failed(const absl::Status& why) {
  ++attempt_;
  state_ = State::kPausing;
  begin_at_ = steady_clock::now() + std::min(kPauseMin * (1 << std::min(failures_, 6u)), kPauseMax);
  ++failures_;
  told_(why);
}

void StreamTail::AskForStream(bool again) {
  requests_.Send(absl::StrCat("$JS.API.STREAM.INFO.", options_.stream), {}, "", kPatience,
                 ForThis([this, again](absl::StatusOr<NatsMessage> answer) {
                   if (!answer.ok()) return Failed(answer.status());
                   const absl::StatusOr<StreamInfo> info =
                       ParseStreamInfo(answer->data(), options_);
                   if (absl::IsNotFound(info.status()) && !again) return MakeStream();
                   if (!info.ok()) return Failed(info.status());
                   again ? Confirmed(*info) : Opened(*info);
                 }));
}

void StreamTail::MakeStream() {
  requests_.Send(
      absl::StrCat("$JS.API.STREAM.CREATE.", options_.stream), {}, StreamRequest(options_),
      kPatience, ForThis([this](absl::StatusOr<NatsMessage> answer) {
        if (!answer.ok()) return Failed(answer.status());
        const absl::StatusOr<StreamInfo> info = ParseStreamInfo(answer->data(), options_);
        if (!info.ok()) return Failed(info.status());
        log::Info("stream made", {{"stream", options_.stream}});
        Opened(*info);
      }));
}

void StreamTail::Opened(const StreamInfo& info) {
  if (const absl::Status as_configured = CheckSettings(info.settings, options_);
      !as_configured.ok()) {
    // (A bridge that runs goes on: whoever changes its stream must not stop it.)
    if (next_sequence_ == 0) return Failed(as_configured);
    log::Warning("the stream was changed", {{"why", std::string(as_configured.message())}});
  }
  const StreamOffsets offsets(info.created);
  if (next_sequence_ == 0) {
    next_sequence_ = info.last_sequence + 1;
    followers_.Jump(offsets, offsets.Last(info.last_sequence));
  } else if (offsets.epoch() != offsets_.epoch()) {
    log::Warning("the stream was deleted and made anew: every subscriber is told of a gap",
                 {{"stream", options_.stream}});
    seen_ids_.Clear();
    next_sequence_ = info.last_sequence + 1;
    followers_.Jump(offsets, offsets.Last(info.last_sequence));
  } else if (info.first_sequence > next_sequence_) {
    // Away for longer than the stream keeps.
    next_sequence_ = info.first_sequence;
    followers_.Jump(offsets, offsets.Last(next_sequence_ - 1));
  } else if (info.last_sequence + 1 < next_sequence_) {
    return Failed(absl::DataLossError(absl::StrCat(
        "event_log.jetstream: the stream ", options_.stream,
        " has lost its newest messages (it ends at ", info.last_sequence, ", and ",
        next_sequence_ - 1,
        " was delivered). Delete it: subscribers are told of a gap, and it is made anew")));
  }
  offsets_ = offsets;
  MakeConsumer();
}

void StreamTail::MakeConsumer() {
  consumer_ = absl::StrCat("tail-", AsAbsl(inbox_).substr(inbox_.find('.') + 1, 24), "-", attempt_);
  consumer_sequence_ = 0;
  const nlohmann::json request = {
      {"stream_name", options_.stream},
      {"config",
       {{"name", consumer_},
        {"deliver_subject", inbox_},
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
  requests_.Send(absl::StrCat("$JS.API.CONSUMER.CREATE.", options_.stream, ".", consumer_), {},
                 request.dump(), kPatience, ForThis([this](absl::StatusOr<NatsMessage> answer) {
                   if (!answer.ok()) return Failed(answer.status());
                   if (absl::Status s = ParseError(answer->data()); !s.ok()) return Failed(s);
                   AskForStream(true);
                 }));
}

void StreamTail::Confirmed(const StreamInfo& info) {
  if (StreamOffsets(info.created).epoch() != offsets_.epoch()) return Begin();
  state_ = State::kFollowing;
  failures_ = 0;
  heard_at_ = steady_clock::now();
  told_(absl::OkStatus());
}

void StreamTail::Take(const NatsMessage& message) {
  if (consumer_.empty()) return;
  if (message.status() != 0) return TakeControl(message);
  const absl::StatusOr<Delivered> from = ParseDelivered(message.reply());
  // Of an earlier consumer, or of somebody who knows our inbox.
  if (!from.ok() || from->consumer != consumer_) return;
  heard_at_ = steady_clock::now();
  if (from->consumer_sequence != consumer_sequence_ + 1 || from->stream_sequence < next_sequence_) {
    return Begin();
  }
  consumer_sequence_ = from->consumer_sequence;
  next_sequence_ = from->stream_sequence + 1;
  moved_ = true;
  std::optional<std::string> topic = TopicOfSubject(kept_prefix_, message.subject());
  if (!topic) return Skip(message.subject(), absl::DataLossError("is no topic's subject"));
  if (!message.header("Sluice-Publisher-Id").empty()) Remember(message, *topic, *from);
  auto decode = [this, message, topic = *topic, offsets = offsets_,
                 sequence = from->stream_sequence]() -> std::vector<StoredEventPtr> {
    absl::StatusOr<std::vector<Event>> events = DecodeMessage(topic, message.data());
    if (events.ok()) return PlaceEvents(*std::move(events), offsets, sequence);
    Skip(message.subject(), events.status());
    return {};
  };
  arrivals_.push_back({*std::move(topic), std::move(decode)});
  if (arrivals_.size() >= kArrivalsMax) Flush();
}

void StreamTail::TakeControl(const NatsMessage& message) {
  heard_at_ = steady_clock::now();
  // Flow control: the server goes on when it hears that we have come this far.
  for (const std::string_view subject :
       {message.reply(), message.header("Nats-Consumer-Stalled")}) {
    if (!subject.empty()) (void)connection_->Publish(std::string(subject), "", {}, "");
  }
  const std::string_view last = message.header("Nats-Last-Consumer");
  uint64_t sequence = 0;
  if (last.empty() || !absl::SimpleAtoi(AsAbsl(last), &sequence)) return;
  if (sequence != consumer_sequence_ && state_ == State::kFollowing) Begin();
}

void StreamTail::TakeTransient(const NatsMessage& message) {
  std::optional<std::string> topic = TopicOfSubject(transient_prefix_, message.subject());
  if (!topic) return Skip(message.subject(), absl::DataLossError("is no topic's subject"));
  const EventId place{offsets_.epoch(), next_sequence_ == 0 ? 0 : offsets_.Last(next_sequence_ - 1),
                      false};
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

void StreamTail::Remember(const NatsMessage& message, const std::string& topic,
                          const Delivered& from) {
  const absl::StatusOr<std::vector<Event>> events = DecodeMessage(topic, message.data());
  if (!events.ok() || events->size() != 1) return;
  seen_ids_.Add(std::string(message.header("Nats-Msg-Id")),
                {DigestContent(events->front()), offsets_.Last(from.stream_sequence)}, from.time);
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
  followers_.Deliver(arrivals_, next_sequence_ == 0 ? 0 : offsets_.Last(next_sequence_ - 1));
  arrivals_.clear();
}

void StreamTail::Tick() {
  const auto now = steady_clock::now();
  if (state_ == State::kPausing && now >= begin_at_) return Begin();
  const auto silence = absl::ToChronoNanoseconds(options_.tail_heartbeat) * kHeartbeatsMissed;
  if (state_ == State::kFollowing && now - heard_at_ > silence) {
    told_(absl::UnavailableError("NATS: the stream's tail has fallen silent"));
    Begin();
  }
}

}  // namespace sluice
