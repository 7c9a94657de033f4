#include "bridge/relay/topic_calls.h"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/hub/log_head.h"
#include "bridge/relay/public_failure.h"
#include "bridge/relay/stored_response.h"
#include "bridge/route/event_template.h"

namespace sluice {
namespace {

using Steady = std::chrono::steady_clock;

// How long somebody waits for the end of a call that leaves to be stored: an event log
// that is away may take any time.
constexpr absl::Duration kEndWait = absl::Seconds(10);

absl::Status Stopping() { return absl::UnavailableError("the bridge is shutting down"); }

}  // namespace

struct TopicCalls::Joining {
  const CallPolicy* policy = nullptr;
  CallRequest request;
  absl::Duration wait;
  Calls::JoinDone done;
};

struct TopicCalls::Parts {
  explicit Parts(Surroundings with) : surroundings(with) {}

  void Join(const std::string& topic, Joining joining);

  const Surroundings surroundings;

  // Also guards what calls say of it.
  std::mutex mutex;
  // Guarded by mutex:
  bool closed = false;
  // Until a call's end is stored: the next call of the topic begins after it.
  absl::flat_hash_map<std::string, std::shared_ptr<Call>> calls;
};

class TopicCalls::Call final : public StoredCall {
 public:
  Call(Parts& parts, std::string topic, const CallPolicy& policy, std::string method)
      : StoredCall({parts.surroundings.context.log, parts.surroundings.context.schema,
                    parts.surroundings.context.metrics, parts.surroundings.timers,
                    parts.surroundings.presence},
                   {"topic", topic, "call"}),
        parts_(parts),
        topic_(std::move(topic)),
        policy_(policy),
        method_(std::move(method)),
        starts_at_(HeadOf(Log(), Log().PartitionOf(topic_))) {}

  // Under the parts' mutex, down to AddNext.
  bool leaving() const { return leaving_; }
  bool up() const { return up_ || over_; }
  bool runs() const { return !leaving_ && (up() || handed_out_); }
  Joined HandOut();
  uint64_t AddWaiting(Calls::JoinDone done);
  uint64_t AddNext(Joining joining);

  // One that waited for the first word waits no longer.
  void WaitOver(uint64_t number);
  // One that waited for the end of this call is refused.
  void NextOver(uint64_t number);
  // The gate was closed.
  void NotBegun() { OnOver(Stopping()); }
  // Tells those who still wait.
  void LetGo();

 private:
  struct Waiting {
    uint64_t number;
    Calls::JoinDone done;
  };
  struct Next {
    uint64_t number;
    Joining joining;
  };

  EventLog& Log() const { return *parts_.surroundings.context.log; }
  absl::Time Now() const { return parts_.surroundings.context.clock->Now(); }
  void Released();
  void Linger(absl::Duration left);
  void LingerOver();
  void Gone();

  void OnUp() override;
  absl::StatusOr<Taken> Take(const std::string& bytes, bool look_up) override;
  void OnStored(const std::vector<Event>& events, const std::vector<AppendResult>&) override;
  bool OnResponseStored() override { return !backend_ended_; }
  void OnOver(absl::Status status) override;

  Parts& parts_;
  const std::string topic_;
  const CallPolicy& policy_;
  const std::string method_;
  bool backend_ended_ = false;  // by an event of its own

  // Guarded by the parts' mutex:
  EventId starts_at_;        // where the log had not been reached: once something is stored
  bool up_ = false;          // the backend has said something
  bool handed_out_ = false;  // there was a lease
  bool leaving_ = false;     // cancelled, because nobody listens
  bool over_ = false;        // only its end is still to be stored
  bool lingering_ = false;   // its timer runs
  uint64_t last_number_ = 0;
  size_t leases_ = 0;
  Steady::time_point deserted_at_;
  std::vector<Waiting> waiting_;
  std::vector<Next> next_;  // came while it left: they begin the next call
};

void TopicCalls::Parts::Join(const std::string& topic, Joining joining) {
  std::shared_ptr<Call> call;
  absl::StatusOr<Joined> answer = absl::UnavailableError("");
  bool answered = true;
  bool begins = false;
  uint64_t number = 0;
  Backend* backend = surroundings.backends->Find(joining.request.backend);
  {
    const std::lock_guard lock(mutex);
    const auto it = calls.find(topic);
    if (closed) {
      answer = Stopping();
    } else if (it != calls.end() && it->second->leaving()) {
      const uint64_t next = it->second->AddNext(std::move(joining));
      surroundings.timers->After(kEndWait, [weak = std::weak_ptr(it->second), next] {
        if (const std::shared_ptr<Call> left = weak.lock()) left->NextOver(next);
      });
      return;
    } else if (it != calls.end() && it->second->up()) {
      answer = it->second->HandOut();
    } else if (it == calls.end() && backend == nullptr) {
      answer = absl::NotFoundError("no backend has the name " + joining.request.backend);
    } else if (it == calls.end() && calls.size() >= kTopicCallsMax) {
      answer = absl::ResourceExhaustedError("too many calls at once");
    } else {
      begins = it == calls.end();
      call = begins ? std::make_shared<Call>(*this, topic, *joining.policy, joining.request.method)
                    : it->second;
      if (begins) calls.emplace(topic, call);
      // Who does not wait has its place before the call can fail.
      answered = joining.wait <= absl::ZeroDuration();
      if (answered) {
        answer = call->HandOut();
      } else {
        number = call->AddWaiting(std::move(joining.done));
      }
    }
  }
  if (begins && !call->Begin(*surroundings.gate, *backend, joining.request)) call->NotBegun();
  if (answered) return joining.done(std::move(answer));
  if (joining.wait == absl::InfiniteDuration()) return;
  surroundings.timers->After(joining.wait, [weak = std::weak_ptr(call), number] {
    if (const std::shared_ptr<Call> waited = weak.lock()) waited->WaitOver(number);
  });
}

Joined TopicCalls::Call::HandOut() {
  handed_out_ = true;
  ++leases_;
  const auto self = std::static_pointer_cast<Call>(shared_from_this());
  return {starts_at_, std::shared_ptr<void>(self.get(), [weak = std::weak_ptr(self)](void*) {
            if (const std::shared_ptr<Call> call = weak.lock()) call->Released();
          })};
}

uint64_t TopicCalls::Call::AddWaiting(Calls::JoinDone done) {
  waiting_.push_back({++last_number_, std::move(done)});
  return last_number_;
}

uint64_t TopicCalls::Call::AddNext(Joining joining) {
  next_.push_back({++last_number_, std::move(joining)});
  return last_number_;
}

void TopicCalls::Call::NextOver(uint64_t number) {
  Calls::JoinDone done;
  {
    const std::lock_guard lock(parts_.mutex);
    const auto it = std::find_if(next_.begin(), next_.end(),
                                 [&](const Next& one) { return one.number == number; });
    if (it == next_.end()) return;  // its call has begun
    done = std::move(it->joining.done);
    next_.erase(it);
  }
  done(absl::UnavailableError("the end of the answer before cannot be stored now; try again"));
}

void TopicCalls::Call::WaitOver(uint64_t number) {
  Calls::JoinDone done;
  std::optional<Joined> joined;
  {
    const std::lock_guard lock(parts_.mutex);
    const auto it = std::find_if(waiting_.begin(), waiting_.end(),
                                 [&](const Waiting& one) { return one.number == number; });
    if (it == waiting_.end()) return;  // it was told before
    done = std::move(it->done);
    waiting_.erase(it);
    joined = HandOut();
  }
  done(*std::move(joined));
}

void TopicCalls::Call::OnUp() {
  std::vector<std::pair<Calls::JoinDone, Joined>> told;
  {
    const std::lock_guard lock(parts_.mutex);
    up_ = true;
    for (Waiting& one : waiting_) told.emplace_back(std::move(one.done), HandOut());
    waiting_.clear();
  }
  for (auto& [done, joined] : told) done(std::move(joined));
}

absl::StatusOr<StoredCall::Taken> TopicCalls::Call::Take(const std::string& bytes, bool look_up) {
  return TakeResponse(parts_.surroundings.context, method_, topic_, bytes, look_up);
}

void TopicCalls::Call::OnStored(const std::vector<Event>& events,
                                const std::vector<AppendResult>& results) {
  if (starts_at_.epoch == 0 && !results.empty()) {  // (nobody else changes it)
    const EventId& first = results.front().id;
    const std::lock_guard lock(parts_.mutex);
    starts_at_ = {first.epoch, first.offset - 1, false};
  }
  for (const Event& event : events) backend_ended_ |= event.end_of_stream;
}

void TopicCalls::Call::OnOver(absl::Status status) {
  // It has said all it had to say, be it nothing.
  if (status.ok()) OnUp();
  std::vector<Waiting> waiting;
  bool streamed = false;  // somebody reads it
  bool spoke = false;
  bool deserted = false;
  {
    const std::lock_guard lock(parts_.mutex);
    if (!status.ok() && leaving_) {
      status = absl::CancelledError("nobody was listening");
    } else if (!status.ok() && parts_.closed) {
      status = Stopping();
    }
    waiting.swap(waiting_);
    streamed = up_ || handed_out_;
    spoke = up_;
    deserted = leaving_;
    over_ = true;
    // At once: whoever joined it now would wait for ever. (Only one that was handed out
    // can leave, so nobody waits for the next.)
    if (!streamed) parts_.calls.erase(topic_);
  }
  for (Waiting& one : waiting) one.done(status);
  if (!streamed) return;
  // (An event of the backend's that ended the stream was its end.)
  if (backend_ended_) return Gone();
  Event end;
  if (!status.ok()) {
    if (!deserted) {
      log::Warning("a backend's call has failed",
                   {{"topic", topic_},
                    {"method", method_},
                    {"code", absl::StatusCodeToString(status.code())},
                    {"error", std::string(status.message())}});
    }
    end = FromTemplate(policy_.error, PublicFailure(status, spoke), Now());
  } else if (policy_.done) {
    end = FromTemplate(*policy_.done, status, Now());
  }
  end.topic = topic_;
  end.time = Now();
  end.end_of_stream = true;
  std::vector<Event> events;
  events.push_back(std::move(end));
  Store(std::move(events), [this] { Gone(); });
}

// From now on the topic's next call may begin.
void TopicCalls::Call::Gone() {
  const std::shared_ptr<StoredCall> self = shared_from_this();
  std::vector<Next> next;
  {
    const std::lock_guard lock(parts_.mutex);
    parts_.calls.erase(topic_);
    next.swap(next_);
  }
  for (Next& one : next) parts_.Join(topic_, std::move(one.joining));
}

void TopicCalls::Call::Released() {
  {
    const std::lock_guard lock(parts_.mutex);
    if (--leases_ > 0 || over_) return;
    deserted_at_ = Steady::now();
    if (std::exchange(lingering_, true)) return;
  }
  Linger(policy_.linger);
}

// One timer at a time, however often readers come and go.
void TopicCalls::Call::Linger(absl::Duration left) {
  parts_.surroundings.timers->After(
      left, [weak = std::weak_ptr(std::static_pointer_cast<Call>(shared_from_this()))] {
        if (const std::shared_ptr<Call> call = weak.lock()) call->LingerOver();
      });
}

void TopicCalls::Call::LingerOver() {
  absl::Duration more;
  {
    const std::lock_guard lock(parts_.mutex);
    lingering_ = false;
    if (leases_ > 0 || !waiting_.empty() || over_) return;
    more = policy_.linger - absl::FromChrono(Steady::now() - deserted_at_);
    lingering_ = more > absl::ZeroDuration();
    leaving_ = !lingering_;
  }
  if (more > absl::ZeroDuration()) return Linger(more);
  Cancel();
}

void TopicCalls::Call::LetGo() {
  std::vector<Waiting> waiting;
  std::vector<Next> next;
  {
    const std::lock_guard lock(parts_.mutex);
    waiting.swap(waiting_);
    next.swap(next_);
  }
  for (Waiting& one : waiting) one.done(Stopping());
  for (Next& one : next) one.joining.done(Stopping());
}

TopicCalls::TopicCalls(Surroundings surroundings)
    : parts_(std::make_unique<Parts>(std::move(surroundings))) {}

TopicCalls::~TopicCalls() = default;

void TopicCalls::Join(std::string topic, const CallPolicy& policy, CallRequest request,
                      absl::Duration wait, Calls::JoinDone done) {
  parts_->Join(topic, {&policy, std::move(request), wait, std::move(done)});
}

std::optional<Joined> TopicCalls::JoinRunning(const std::string& topic) {
  const std::lock_guard lock(parts_->mutex);
  const auto it = parts_->calls.find(topic);
  if (it == parts_->calls.end() || !it->second->runs()) return std::nullopt;
  return it->second->HandOut();
}

void TopicCalls::Close() {
  const std::lock_guard lock(parts_->mutex);
  parts_->closed = true;
}

void TopicCalls::Clear() {
  absl::flat_hash_map<std::string, std::shared_ptr<Call>> calls;
  {
    const std::lock_guard lock(parts_->mutex);
    calls.swap(parts_->calls);
  }
  for (const auto& [topic, call] : calls) call->LetGo();
}

}  // namespace sluice
