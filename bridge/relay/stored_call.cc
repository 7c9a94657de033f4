#include "bridge/relay/stored_call.h"

#include <atomic>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/base/log.h"
#include "bridge/base/metrics.h"
#include "bridge/base/text.h"
#include "bridge/event/event_fields.h"
#include "bridge/relay/presence.h"
#include "bridge/relay/timers.h"
#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"

namespace sluice {
namespace {

// Unknown types that are looked for, for one response.
constexpr int kLookUpsMax = 8;
constexpr absl::Duration kRetryMin = absl::Milliseconds(50);
constexpr absl::Duration kRetryMax = absl::Seconds(5);
constexpr absl::Duration kLogEvery = absl::Minutes(1);

// The log will say the same of these events at every try.
bool IsRefusal(const absl::Status& status) {
  return status.code() == absl::StatusCode::kAlreadyExists ||
         status.code() == absl::StatusCode::kInvalidArgument;
}

// No two calls have the same, be they at other bridges.
std::string RandomCallId() {
  std::random_device random;
  std::string id(AsAbsl(kOwnIdPrefix));
  for (int words = 4; words > 0; --words) {
    absl::StrAppend(&id, absl::Hex(random(), absl::kZeroPad8));
  }
  return id;
}

}  // namespace

// An append's answer may come before Append returns. Whoever is second, the answer or
// the return, goes on: so a log that answers at once costs no stack.
struct StoredCall::Turn {
  std::atomic<bool> first_was_here{false};
  absl::StatusOr<std::vector<AppendResult>> result = absl::UnknownError("");
};

StoredCall::StoredCall(const StoredCallContext& context, Owner owner)
    : present_(context.presence->Enter()),
      context_(context),
      owner_(std::move(owner)),
      id_(RandomCallId()),
      next_log_(absl::InfinitePast()) {}

StoredCall::~StoredCall() = default;

bool StoredCall::Begin(StreamingCall::Gate& gate, Backend& backend, const CallRequest& request) {
  const std::shared_ptr<StreamingCall> call =
      StreamingCall::Start(gate, backend, request, shared_from_this());
  if (call == nullptr) return false;
  bool cancelled = false;
  {
    const std::lock_guard lock(mutex_);
    if (!ended_) call_ = call;
    cancelled = cancelled_;
  }
  if (cancelled) call->Cancel();
  call->Read();
  return true;
}

void StoredCall::Cancel() {
  std::shared_ptr<StreamingCall> call;
  {
    const std::lock_guard lock(mutex_);
    cancelled_ = true;
    call = call_;
  }
  if (call != nullptr) call->Cancel();
}

void StoredCall::OnResponse(std::string bytes) {
  {
    const std::lock_guard lock(mutex_);
    busy_ = true;
  }
  TakeAndStore(std::move(bytes), kLookUpsMax);
}

void StoredCall::TakeAndStore(std::string bytes, int look_ups) {
  absl::StatusOr<Taken> taken = Take(bytes, look_ups > 0);
  if (!taken.ok()) {
    const std::optional<std::string> type = UnknownTypeOf(taken.status());
    if (type && look_ups > 0) {
      auto found = [self = shared_from_this(), bytes = std::move(bytes), look_ups](bool known) {
        self->TakeAndStore(bytes, known ? look_ups - 1 : 0);
      };
      return context_.schema->LookUp(*type, std::move(found));
    }
    taken = Taken{.skipped = 1, .why_skipped = taken.status()};
  }
  if (taken->skipped > 0) Skip(taken->skipped, taken->why_skipped);
  Store(std::move(taken->events), [this] { ReadOn(); });
}

void StoredCall::ReadOn() {
  const bool more = OnResponseStored();
  std::shared_ptr<StreamingCall> call;
  std::optional<absl::Status> ended;
  {
    const std::lock_guard lock(mutex_);
    busy_ = false;
    call = call_;
    ended = ended_;
  }
  if (ended) return OnOver(*std::move(ended));
  if (!more) return Cancel();
  if (call != nullptr) call->Read();
}

void StoredCall::OnEnd(absl::Status status) {
  std::shared_ptr<StreamingCall> call;
  {
    const std::lock_guard lock(mutex_);
    call = std::move(call_);
    ended_ = status;
    if (busy_) return;  // OnOver comes when what it had said is stored
  }
  OnOver(std::move(status));
}

void StoredCall::Store(std::vector<Event> events, std::function<void()> then) {
  GiveIds(events);
  if (!events.empty()) batches_.push_back(std::move(events));
  then_ = std::move(then);
  AppendAll();
}

// (Transient ones are not stored, so nothing would be gained.)
void StoredCall::GiveIds(std::vector<Event>& events) {
  if (!context_.log->MayStoreUnanswered()) return;
  for (Event& event : events) {
    if (!event.publisher_id.empty() || event.transient) continue;
    event.publisher_id = absl::StrCat(id_, "-", ++numbered_);
  }
}

void StoredCall::AppendAll() {
  while (!batches_.empty()) {
    auto turn = std::make_shared<Turn>();
    auto done = [self = shared_from_this(),
                 turn](absl::StatusOr<std::vector<AppendResult>> result) {
      turn->result = std::move(result);
      if (!turn->first_was_here.exchange(true)) return;
      if (self->Settle(turn->result)) self->AppendAll();
    };
    context_.log->Append({owner_.principal, batches_.front()}, std::move(done));
    if (!turn->first_was_here.exchange(true)) return;
    if (!Settle(turn->result)) return;
  }
  std::exchange(then_, nullptr)();
}

// False: tried again later.
bool StoredCall::Settle(const absl::StatusOr<std::vector<AppendResult>>& result) {
  std::vector<Event>& batch = batches_.front();
  if (result.ok()) {
    backoff_.reset();
    OnStored(batch, *result);
    batches_.pop_front();
    return true;
  }
  if (!IsRefusal(result.status())) {
    if (absl::Now() >= next_log_) {
      next_log_ = absl::Now() + kLogEvery;
      log::Warning("responses wait for the event log",
                   {{owner_.kind, owner_.name}, {"error", result.status().ToString()}});
    }
    if (backoff_ == nullptr) {
      backoff_ = std::make_unique<Backoff>(kRetryMin, kRetryMax, std::random_device{}());
    }
    context_.timers->After(backoff_->Next(), [self = shared_from_this()] { self->AppendAll(); });
    return false;
  }
  if (batch.size() == 1) {
    Skip(1, result.status());
    batches_.pop_front();
    return true;
  }
  // Only those that are refused are not stored.
  const std::vector<Event> events = std::move(batch);
  batches_.pop_front();
  for (auto event = events.rbegin(); event != events.rend(); ++event) {
    batches_.push_front({*event});
  }
  return true;
}

void StoredCall::Skip(uint64_t count, const absl::Status& why) {
  Metrics::Add(context_.metrics->responses_skipped, count);
  if (absl::Now() < next_log_) return;
  next_log_ = absl::Now() + kLogEvery;
  log::Warning("response skipped",
               {{owner_.kind, owner_.name}, {"events", count}, {"error", why.ToString()}});
}

}  // namespace sluice
