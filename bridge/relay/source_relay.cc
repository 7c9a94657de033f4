#include "bridge/relay/source_relay.h"

#include <utility>

#include "bridge/base/log.h"
#include "bridge/base/metrics.h"
#include "bridge/event/event_fields.h"
#include "bridge/hub/hub.h"
#include "bridge/relay/presence.h"
#include "bridge/schema/schema_registry.h"

namespace sluice {
namespace {

// Of those that an EventSource has published to: what is closed when it fails.
constexpr size_t kTopicsMax = 10'000;
// Log lines.
constexpr std::string_view kEnded = "source ended";
constexpr std::string_view kFailed = "source failed";
constexpr uint32_t kComeBackMs = 1000;
constexpr std::chrono::minutes kLogEvery{1};

absl::Duration Since(std::chrono::steady_clock::time_point then) {
  return absl::FromChrono(std::chrono::steady_clock::now() - then);
}

}  // namespace

// What changes the source's state goes by way of the timers.
class SourceRelay::Call final : public StoredCall {
 public:
  explicit Call(std::shared_ptr<SourceRelay> source)
      : StoredCall({source->surroundings_.context.log, source->surroundings_.context.schema,
                    source->surroundings_.context.metrics, source->surroundings_.timers.get(),
                    source->surroundings_.presence},
                   {"source", source->options_.name, "source " + source->options_.name}),
        source_(std::move(source)) {}

 private:
  void OnUp() override {
    source_->surroundings_.timers->Post([source = source_] { source->Up(); });
  }

  absl::StatusOr<Taken> Take(const std::string& bytes, bool look_up) override {
    absl::StatusOr<SourceProtocol::Taken> taken = source_->protocol_->Take(bytes, look_up);
    if (!taken.ok()) return taken.status();
    resume_ = std::move(taken->resume);
    return Taken(*std::move(taken));
  }

  void OnStored(const std::vector<Event>& events,
                const std::vector<AppendResult>& results) override {
    uint64_t count = 0;
    for (size_t i = 0; i < results.size(); ++i) {
      // (Under an id of ours, it was stored at an earlier try.)
      count += results[i].duplicate && !IsOwnId(events[i].publisher_id) ? 0 : 1;
    }
    stored_ += count;
    source_->Stored(events, count);
  }

  bool OnResponseStored() override {
    if (!resume_.empty()) source_->Remember(std::move(resume_));
    resume_.clear();
    return true;
  }

  void OnOver(absl::Status status) override {
    source_->surroundings_.timers->Post([source = source_, status = std::move(status),
                                         stored = stored_] { source->Over(status, stored); });
  }

  const std::shared_ptr<SourceRelay> source_;
  std::string resume_;  // of the response that is being stored
  uint64_t stored_ = 0;
};

SourceRelay::SourceRelay(SourceOptions options, Surroundings surroundings, uint64_t seed)
    : options_(std::move(options)),
      surroundings_(std::move(surroundings)),
      protocol_(MakeSourceProtocol(options_, surroundings_.context)),
      backoff_(options_.backoff_min, options_.backoff_max, seed) {
  state_.name = options_.name;
}

void SourceRelay::WatchInterest() {
  if (options_.start != SourceOptions::Start::kSubscribed) return;
  auto changed = [weak = weak_from_this()](bool any) {
    const std::shared_ptr<SourceRelay> source = weak.lock();
    if (source == nullptr) return;
    source->surroundings_.timers->Post([source, any] { source->SetSubscribed(any); });
  };
  surroundings_.context.hub->interest().Watch(options_.topic, std::move(changed));
}

void SourceRelay::Start() {
  if (options_.start != SourceOptions::Start::kAlways) return;
  surroundings_.timers->Post([source = shared_from_this()] { source->Want(); });
}

Relay::SourceState SourceRelay::state() const {
  const std::lock_guard lock(mutex_);
  return state_;
}

void SourceRelay::SetSubscribed(bool subscribed) {
  subscribed_ = subscribed;
  if (subscribed) return Want();
  deserted_at_ = Steady::now();
  if (!std::exchange(lingering_, true)) LingerUntilDeserted(options_.linger);
}

// One timer at a time, however often subscribers come and go.
void SourceRelay::LingerUntilDeserted(absl::Duration left) {
  surroundings_.timers->After(left, [source = shared_from_this()] {
    source->lingering_ = false;
    if (source->subscribed_ || !source->wanted_) return;
    const absl::Duration more = source->options_.linger - Since(source->deserted_at_);
    if (more > absl::ZeroDuration()) {
      source->lingering_ = true;
      return source->LingerUntilDeserted(more);
    }
    source->wanted_ = false;
    const std::shared_ptr<Call> call = source->call_.lock();
    if (!source->calling_ || call == nullptr) return;
    source->unwanted_ = true;
    call->Cancel();
  });
}

void SourceRelay::Want() {
  wanted_ = true;
  if (!calling_ && !waiting_) Connect();
}

void SourceRelay::Connect(bool looked_up) {
  Backend* backend = surroundings_.backends->Find(options_.backend);
  if (backend == nullptr) {
    return Failed(absl::NotFoundError("no backend has the name " + options_.backend), false);
  }
  std::string resume;
  {
    const std::lock_guard lock(mutex_);
    resume = resume_;
  }
  absl::StatusOr<CallRequest> request = protocol_->Request(resume);
  if (absl::IsNotFound(request.status()) && !looked_up) return LookUpMethod();
  if (!request.ok()) return Failed(request.status(), false);
  const auto call = std::make_shared<Call>(shared_from_this());
  call_ = call;
  calling_ = true;
  called_at_ = Steady::now();
  // (When the gate is closed, the relay stops.)
  call->Begin(*surroundings_.gate, *backend, *request);
}

// Backends that have reflection may tell of it.
void SourceRelay::LookUpMethod() {
  waiting_ = true;
  auto looked_up = [source = shared_from_this(), present = surroundings_.presence->Enter()](bool) {
    source->surroundings_.timers->Post([source] {
      source->waiting_ = false;
      if (source->wanted_) source->Connect(true);
    });
  };
  surroundings_.context.schema->LookUp(options_.method, std::move(looked_up));
}

void SourceRelay::Up() {
  up_ = true;
  const bool failed = std::exchange(failed_before_, false);
  {
    const std::lock_guard lock(mutex_);
    state_.connected = true;
  }
  // A backend that ends its answers well, again and again, is not worth a line each time.
  const bool news = failed || !connected_logged_at_;
  if (!news && Since(*connected_logged_at_) < absl::FromChrono(kLogEvery)) return;
  connected_logged_at_ = Steady::now();
  log::Info("source connected", {{"source", options_.name}, {"backend", options_.backend}});
}

void SourceRelay::Over(const absl::Status& status, uint64_t stored) {
  calling_ = false;
  const bool was_up = std::exchange(up_, false);
  {
    const std::lock_guard lock(mutex_);
    state_.connected = false;
  }
  if (stored > 0 || Since(called_at_) > options_.backoff_max) backoff_.Reset();
  if (std::exchange(unwanted_, false)) {
    log::Info("source stopped", {{"source", options_.name}, {"reason", "no subscribers"}});
    backoff_.Reset();
    if (wanted_) Connect();
    return;
  }
  // The deadline of the configuration is no failure.
  if (status.ok() ||
      (absl::IsDeadlineExceeded(status) && was_up && Since(called_at_) >= options_.deadline)) {
    return Retry(status, kEnded);
  }
  Failed(status, was_up);
}

void SourceRelay::Failed(const absl::Status& status, bool was_up) {
  Metrics::Add(surroundings_.context.metrics->source_failures);
  {
    const std::lock_guard lock(mutex_);
    ++state_.failures;
    state_.last_error = status.ToString();
  }
  if (was_up && options_.on_error == SourceOptions::OnError::kClose) CloseStreams();
  Retry(status, kFailed);
}

void SourceRelay::Retry(const absl::Status& why, std::string_view what) {
  const absl::Duration pause = backoff_.Next();
  const bool news = what == kFailed && !std::exchange(failed_before_, true);
  if (news || Steady::now() - logged_at_ >= kLogEvery) {
    logged_at_ = Steady::now();
    const std::string code = absl::StatusCodeToString(why.code());
    const std::string error(why.message());
    const std::string next_try = absl::FormatDuration(pause);
    log::Write(
        what == kFailed ? log::Level::kWarning : log::Level::kInfo, what,
        {{"source", options_.name}, {"code", code}, {"error", error}, {"next_try", next_try}});
  }
  waiting_ = true;
  surroundings_.timers->After(pause, [source = shared_from_this()] {
    source->waiting_ = false;
    if (source->wanted_) source->Connect();
  });
}

void SourceRelay::CloseStreams() {
  if (!options_.topic.empty()) {
    return surroundings_.context.hub->CloseTopic(options_.topic, Reason::kBackendFailed,
                                                 kComeBackMs);
  }
  absl::flat_hash_set<std::string> topics;
  {
    const std::lock_guard lock(mutex_);
    topics = topics_;
  }
  for (const std::string& topic : topics) {
    surroundings_.context.hub->CloseTopic(topic, Reason::kBackendFailed, kComeBackMs);
  }
}

void SourceRelay::Stored(const std::vector<Event>& events, uint64_t count) {
  Metrics::Add(surroundings_.context.metrics->source_events, count);
  const bool note = options_.topic.empty() && options_.on_error == SourceOptions::OnError::kClose;
  const std::lock_guard lock(mutex_);
  state_.events += count;
  if (!note) return;
  for (const Event& event : events) {
    if (topics_.size() < kTopicsMax) topics_.insert(event.topic);
  }
}

void SourceRelay::Remember(std::string resume) {
  const std::lock_guard lock(mutex_);
  resume_ = std::move(resume);
}

}  // namespace sluice
