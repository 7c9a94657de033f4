#include "bridge/event_log/jetstream/stream.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

using std::chrono::steady_clock;

// So often a stream is asked for that no tail follows, or that its tail does not hear of: it
// may have been made anew, or have lost messages.
constexpr std::chrono::seconds kCheck{10};
constexpr std::chrono::milliseconds kCheckAgain{500};
// One may have met an election.
constexpr uint32_t kChecksFailed = 2;

}  // namespace

Stream::Stream(JetStreamEventLogOptions options, Partition partition, const std::string& name,
               const std::string& inbox, NatsRequests& requests)
    : options_(std::move(options)),
      health_(options_.away_grace),
      followers_(partition),
      requests_(requests),
      known_(options_, requests, [this](const StreamInfo& info) { Learned(info); }),
      seen_ids_(options_.deduplication_window, options_.deduplication_ids),
      indexes_(options_, absl::StrCat(name, "-", partition), requests),
      tail_(options_, inbox, absl::StrCat(name, "-", partition), requests, known_, followers_,
            seen_ids_,
            [this](const absl::Status& status) {
              if (status.ok()) reads_fail_ = false;
              health_.Tell(status);
            }),
      appends_(options_, requests, known_, followers_, seen_ids_),
      reads_(options_, requests, indexes_, known_,
             [this](const absl::Status& status) { reads_fail_ = !status.ok(); }) {}

absl::Status Stream::Health() const {
  if (absl::Status status = health_.Told(); !status.ok()) return status;
  if (!reads_fail_) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat("the stream ", options_.stream, " cannot be read"));
}

void Stream::Use(NatsConnection* connection) {
  connection_ = connection;
  tail_.Use(connection);
  appends_.Use(connection);
}

void Stream::Connected() {
  if (!stopped_.ok()) return;
  checks_failed_ = 0;
  if (tail_.running() || followers_.any()) {
    tail_.Begin();
  } else {
    Check();
  }
}

void Stream::Away(const absl::Status& why) {
  if (!stopped_.ok()) return;
  tail_.Away(why);
  indexes_.FailAll(why);
  health_.Tell(why);
}

void Stream::Want() {
  if (!stopped_.ok() || tail_.running()) return;
  unused_since_.reset();
  if (connection_ != nullptr && connection_->IsConnected()) tail_.Begin();
}

// The stream is another than before. A tail that runs finds that out by itself, unless it is
// told.
void Stream::Learned(const StreamInfo& /*info*/) {
  seen_ids_.Clear();
  checked_last_ = checked_next_ = begun_for_ = 0;
  if (tail_.running()) {
    tail_.StreamIsAnother();
  } else {
    followers_.SetEpoch(known_.offsets().epoch());
  }
}

void Stream::Check() {
  if (checking_) return;
  checking_ = true;
  known_.Ask([this](const absl::StatusOr<StreamInfo>& info) { Checked(info); });
}

// A tail tells for itself how it is, but may hear the heartbeats of a server that the others
// have left.
void Stream::Checked(const absl::StatusOr<StreamInfo>& info) {
  checking_ = false;
  check_at_ = steady_clock::now() + (info.ok() ? steady_clock::duration(kCheck) : kCheckAgain);
  if (!stopped_.ok()) return;
  if (!info.ok()) {
    if (++checks_failed_ >= kChecksFailed || !tail_.running()) health_.Tell(info.status());
    return;
  }
  health_.Contradict(CheckPromises(info->settings, options_));
  const absl::Duration window = info->settings.deduplication_window;
  if (window > absl::ZeroDuration()) appends_.UseWindow(window);
  reads_fail_ = false;
  const bool had_failed = std::exchange(checks_failed_, 0) >= kChecksFailed;
  if (!tail_.running() || (had_failed && tail_.following())) health_.Tell(absl::OkStatus());
  CheckTail(info->last_sequence);
}

// One that has stood still since the check before, though there was more by then, hears a server
// that has stopped. (What is missing at the end may have been deleted: once for each end.)
void Stream::CheckTail(uint64_t last_sequence) {
  const uint64_t there = std::exchange(checked_last_, last_sequence);
  const uint64_t next = tail_.following() ? tail_.next_sequence() : 0;
  const uint64_t before = std::exchange(checked_next_, next);
  if (next == 0 || next != before || next > there || there == begun_for_) return;
  begun_for_ = there;
  tail_.Begin();
}

void Stream::Append(AppendRequest request, EventLog::AppendDone done,
                    std::shared_ptr<const void> room) {
  if (!stopped_.ok()) return done(stopped_);
  known_.Open([this, request = std::move(request), done = std::move(done),
               room = std::move(room)](const absl::Status& status) mutable {
    if (status.ok()) return appends_.Add(std::move(request), std::move(done), std::move(room));
    done(absl::UnavailableError(status.message()));
  });
}

void Stream::Read(ReadRequest request, EventLog::ReadDone done) {
  reads_.Add(std::move(request), std::move(done));
}

void Stream::Take(const NatsMessage& message, const Delivered& from) {
  if (stopped_.ok() && !indexes_.Take(message, from)) tail_.Take(message, from);
}

void Stream::Tick() {
  if (!stopped_.ok()) return;
  indexes_.Tick();
  reads_.Tick();
  appends_.Tick();
  tail_.Tick();
  EndTailWhenUnused();
  const bool connected = connection_ != nullptr && connection_->IsConnected();
  if (connected && steady_clock::now() >= check_at_) Check();
}

void Stream::EndTailWhenUnused() {
  if (!tail_.running() || followers_.any()) return unused_since_.reset();
  const auto now = steady_clock::now();
  if (!unused_since_) unused_since_ = now;
  if (now - *unused_since_ < absl::ToChronoNanoseconds(options_.tail_linger)) return;
  // (Whoever begins to follow in this moment keeps it.)
  tail_.Flush();
  if (!followers_.Leave()) return;
  unused_since_.reset();
  tail_.End();
  Check();
}

void Stream::Stop(const absl::Status& why) {
  stopped_ = why;
  known_.Stop(why);
  appends_.FailAll(why);
  reads_.Stop(why);
  indexes_.FailAll(why);
  tail_.Away(why);
}

}  // namespace sluice
