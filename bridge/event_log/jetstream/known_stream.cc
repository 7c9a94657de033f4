#include "bridge/event_log/jetstream/known_stream.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"
#include "bridge/event_log/jetstream/stream_incarnation.h"

namespace sluice {
namespace {

using std::chrono::steady_clock;

constexpr absl::Duration kPatience = absl::Seconds(3);
// A leader that the others have left steps down within ten seconds.
constexpr std::chrono::seconds kBehindForGood{15};
// Who has not answered for so long may have become leader since.
constexpr std::chrono::seconds kBehindAnew{5};
// What servers say of a stream's creation is not further apart.
constexpr absl::Duration kCreatedWithin = absl::Seconds(30);
// A stream is not written to faster than that (see stored_message.h).
constexpr uint64_t kMessagesPerMillisecond = 256;

}  // namespace

KnownStream::KnownStream(const JetStreamEventLogOptions& options, NatsRequests& requests,
                         std::function<void(const StreamInfo&)> learned)
    : options_(options), requests_(requests), learned_(std::move(learned)) {}

void KnownStream::Saw(uint64_t sequence) { last_sequence_ = std::max(last_sequence_, sequence); }

void KnownStream::Contradicted() { contradicted_ = true; }

void KnownStream::Open(std::function<void(absl::Status)> done) {
  if (offsets_.epoch() != 0) return done(stopped_);
  Ask([done = std::move(done)](const absl::StatusOr<StreamInfo>& info) { done(info.status()); });
}

void KnownStream::Ask(Asked done) {
  if (!stopped_.ok()) return done(stopped_);
  if (!asked_.empty()) return asking_next_.push_back(std::move(done));
  asked_.push_back(std::move(done));
  Send();
}

void KnownStream::Send() {
  known_when_asked_ = last_sequence_;
  requests_.Send(absl::StrCat("$JS.API.STREAM.INFO.", options_.stream), {}, "", kPatience,
                 [this](const absl::StatusOr<NatsMessage>& answer) { Answered(answer); });
}

void KnownStream::Answered(const absl::StatusOr<NatsMessage>& answer) {
  if (!answer.ok()) return Finish(answer.status());
  const absl::StatusOr<StreamInfo> info = ParseStreamInfo(answer->data(), options_);
  if (absl::IsNotFound(info.status())) return Make();
  if (!info.ok()) return Finish(info.status());
  Believe(*info, answer->data());
}

void KnownStream::Make() {
  requests_.Send(
      absl::StrCat("$JS.API.STREAM.CREATE.", options_.stream), {}, StreamRequest(options_),
      kPatience, [this](const absl::StatusOr<NatsMessage>& answer) {
        if (!answer.ok()) return Finish(answer.status());
        const absl::StatusOr<StreamInfo> info = ParseStreamInfo(answer->data(), options_);
        if (!info.ok()) return Finish(info.status());
        log::Info("stream made", {{"stream", options_.stream}});
        Believe(*info, answer->data());
      });
}

void KnownStream::Believe(const StreamInfo& told, std::string_view answer) {
  StreamInfo info = told;
  const absl::Time described = DescribedIncarnation(answer);
  if (described >= info.created - kCreatedWithin) {
    info.created = described;
  } else if (HasNoDescription(answer) && !std::exchange(described_, true)) {
    return Describe(told, answer);
  }
  if (const absl::Status settings = CheckSettings(info.settings, options_); !settings.ok()) {
    // (A bridge that runs goes on: whoever changes its stream must not stop it.)
    if (offsets_.epoch() == 0) return Finish(settings);
    if (!std::exchange(warned_, true)) {
      log::Warning("the stream was changed", {{"why", std::string(settings.message())}});
    }
  }
  const StreamOffsets offsets(info.created);
  // (Whose configuration is older than what was seen may lag, too.)
  const bool gone_back = offsets.epoch() < offsets_.epoch();
  if (offsets.epoch() > offsets_.epoch()) {
    if (offsets_.epoch() != 0) {
      log::Warning("the stream was made anew, or has lost messages: every subscriber is told",
                   {{"stream", options_.stream}});
    }
    offsets_ = offsets;
    began_ = info.created;
    last_sequence_ = info.last_sequence;
    behind_since_.reset();
    contradicted_ = false;
    learned_(info);
    return Finish(info);
  }
  if (!gone_back && !contradicted_ && info.last_sequence >= known_when_asked_) {
    behind_since_.reset();
    Saw(info.last_sequence);
    return Finish(info);
  }
  const auto now = steady_clock::now();
  if (!behind_since_ || now - behind_at_ > kBehindAnew) behind_since_ = now;
  behind_at_ = now;
  // The one server of a stream does not lag behind itself.
  if (contradicted_ || ReplicasOf(answer) == 1 || now - *behind_since_ >= kBehindForGood)
    return BeginAnew(info, answer);
  Finish(absl::UnavailableError(absl::StrCat(
      "NATS: a server that lags behind answers for the stream ", options_.stream, " (it ends at ",
      info.last_sequence, ", and ", known_when_asked_, " was stored)")));
}

// Once for each stream, by whoever is first: others write the same.
void KnownStream::Describe(const StreamInfo& info, std::string_view answer) {
  requests_.Send(
      absl::StrCat("$JS.API.STREAM.UPDATE.", options_.stream), {},
      IncarnationRequest(answer, info.created), kPatience,
      [this, info, answer = std::string(answer)](const absl::StatusOr<NatsMessage>& updated) {
        if (!updated.ok()) return Finish(updated.status());
        const absl::StatusOr<StreamInfo> now = ParseStreamInfo(updated->data(), options_);
        if (now.ok()) return Believe(*now, updated->data());
        // (Whoever keeps the stream for us may not let us: it was made by one then.)
        Believe(info, answer);
      });
}

void KnownStream::BeginAnew(const StreamInfo& info, std::string_view answer) {
  log::Error("the stream has lost messages that were delivered or acknowledged: its ids begin anew",
             {{"stream", options_.stream}, {"known", known_when_asked_}});
  // Behind every offset of before, whatever the clocks say.
  const absl::Time begins =
      std::max(absl::Now(), std::max(info.created, began_) +
                                absl::Milliseconds(last_sequence_ / kMessagesPerMillisecond + 1));
  requests_.Send(absl::StrCat("$JS.API.STREAM.UPDATE.", options_.stream), {},
                 IncarnationRequest(answer, begins), kPatience,
                 [this](const absl::StatusOr<NatsMessage>& updated) {
                   if (!updated.ok()) return Finish(updated.status());
                   const absl::StatusOr<StreamInfo> anew =
                       ParseStreamInfo(updated->data(), options_);
                   if (!anew.ok()) return Finish(anew.status());
                   Believe(*anew, updated->data());
                 });
}

void KnownStream::Finish(const absl::StatusOr<StreamInfo>& info) {
  described_ = false;
  const std::vector<Asked> asked = std::exchange(asked_, {});
  for (const Asked& done : asked) done(info);
  // (Who asked from within has begun the next question.)
  if (asking_next_.empty() || !stopped_.ok()) return;
  const bool idle = asked_.empty();
  asked_.insert(asked_.end(), std::make_move_iterator(asking_next_.begin()),
                std::make_move_iterator(asking_next_.end()));
  asking_next_.clear();
  if (idle) Send();
}

void KnownStream::Stop(const absl::Status& why) {
  stopped_ = why;
  std::vector<Asked> all = std::exchange(asked_, {});
  for (Asked& done : std::exchange(asking_next_, {})) all.push_back(std::move(done));
  for (const Asked& done : all) done(why);
}

}  // namespace sluice
