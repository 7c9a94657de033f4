// Two sides of one call. gRPC's threads make events of a response, then post them to
// the shard; the shard hands them out one by one, and asks for the next response when
// they are gone. So one response is held at a time, and never one ahead.
//
// What was posted finds `reader_` null when the relay is gone: the shard's thread
// alone reads and clears it.
#include "bridge/relay/per_request_call.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <deque>
#include <iterator>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/base/metrics.h"
#include "bridge/base/mutex.h"
#include "bridge/hub/shard.h"
#include "bridge/relay/relay.h"
#include "bridge/relay/response_events.h"
#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"

namespace sluice {
namespace {

// Types that one response may have to be looked up for.
constexpr int kLookUpsMax = 4;

class Link final : public StreamingCall::Listener, public std::enable_shared_from_this<Link> {
 public:
  Link(const RelayContext& context, Shard& shard, std::string backend, std::string method,
       CallRelay::Reader& reader)
      : context_(context),
        shard_(shard),
        backend_(std::move(backend)),
        method_(std::move(method)),
        reader_(&reader) {}

  // The shard's thread.
  void Begin(StreamingCall::Gate& gate, Backend* backend, const CallRequest& request);
  void SetReader(CallRelay::Reader& reader) { reader_ = &reader; }
  void Next();
  void Leave();

  // gRPC's threads.
  void OnStarted() override {
    Post([](Link& link) { link.reader_->OnStarted(); });
  }
  void OnResponse(std::string bytes) override { Take(std::move(bytes), responses_, kLookUpsMax); }
  void OnEnd(absl::Status status) override;

 private:
  using ResponseEventsPtr = std::shared_ptr<const ResponseEvents>;

  absl::StatusOr<ResponseEventsPtr> CurrentResponses() const;

  // Any thread.
  void Take(std::string bytes, ResponseEventsPtr responses, int look_ups_left);
  void HandOver(ResponseEvents::Taken taken);
  void Skip(const std::vector<absl::Status>& faults);

  // Runs it on the shard, if there is somebody to tell by then.
  template <typename Tell>
  void PostToShard(Tell tell) {
    boost::asio::post(shard_.context(),
                      [link = shared_from_this(), tell = std::move(tell)]() mutable {
                        if (link->reader_ != nullptr) tell(*link);
                      });
  }
  // The same, from whoever may come when the call and the shard are gone.
  template <typename Tell>
  void Post(Tell tell) {
    const MutexLock lock(&mutex_);
    if (!over_) PostToShard(std::move(tell));
  }

  // The shard's thread.
  void TakeAfterLookUp(std::string bytes, bool found, int look_ups_left);
  void TellNext();
  void End(const absl::Status& status) { std::exchange(reader_, nullptr)->OnEnd(status); }

  const RelayContext context_;
  Shard& shard_;
  const std::string backend_;
  const std::string method_;
  // Set before the call is first read, and changed only between two reads.
  ResponseEventsPtr responses_;
  std::shared_ptr<StreamingCall> call_;

  // The shard's thread only:
  CallRelay::Reader* reader_;
  std::deque<Event> events_;  // of the last response
  bool ended_by_event_ = false;

  Mutex mutex_;
  bool over_ ABSL_GUARDED_BY(mutex_) = false;
  absl::Time next_log_ ABSL_GUARDED_BY(mutex_) = absl::InfinitePast();
  uint64_t skipped_ ABSL_GUARDED_BY(mutex_) = 0;
};

void Link::Begin(StreamingCall::Gate& gate, Backend* backend, const CallRequest& request) {
  if (backend == nullptr) {
    return OnEnd(absl::UnavailableError(
        absl::StrCat("no backend is called \"", request.backend, "\" (backends)")));
  }
  absl::StatusOr<ResponseEventsPtr> responses = CurrentResponses();
  if (!responses.ok()) return OnEnd(responses.status());
  responses_ = *std::move(responses);
  call_ = StreamingCall::Start(gate, *backend, request, shared_from_this());
  if (call_ == nullptr) OnEnd(absl::UnavailableError("the bridge is shutting down"));
}

void Link::Next() {
  if (!events_.empty()) return PostToShard([](Link& link) { link.TellNext(); });
  if (ended_by_event_) return PostToShard([](Link& link) { link.End(absl::OkStatus()); });
  if (call_ != nullptr) call_->Read();
}

void Link::Leave() {
  reader_ = nullptr;
  events_.clear();
  if (call_ != nullptr) call_->Cancel();
}

void Link::OnEnd(absl::Status status) {
  const MutexLock lock(&mutex_);
  over_ = true;
  PostToShard([status = std::move(status)](Link& link) {
    if (!link.ended_by_event_) link.End(status);
  });
}

absl::StatusOr<Link::ResponseEventsPtr> Link::CurrentResponses() const {
  absl::StatusOr<ResponseEvents> responses = ResponseEvents::Of(
      method_, context_.schema->current(), *context_.transcoder, *context_.ingest, *context_.clock);
  if (!responses.ok()) return responses.status();
  return std::make_shared<const ResponseEvents>(*std::move(responses));
}

void Link::Take(std::string bytes, ResponseEventsPtr responses, int look_ups_left) {
  ResponseEvents::Taken taken = responses->Take(bytes);
  for (const absl::Status& fault : taken.faults) {
    const std::optional<std::string> unknown = UnknownTypeOf(fault);
    if (!unknown || look_ups_left == 0) continue;
    context_.schema->LookUp(
        *unknown, [link = shared_from_this(), bytes = std::move(bytes), look_ups_left](bool found) {
          link->Post([bytes, found, look_ups_left](Link& self) {
            self.TakeAfterLookUp(bytes, found, look_ups_left - 1);
          });
        });
    return;
  }
  HandOver(std::move(taken));
}

void Link::TakeAfterLookUp(std::string bytes, bool found, int look_ups_left) {
  if (found) {
    absl::StatusOr<ResponseEventsPtr> responses = CurrentResponses();
    if (responses.ok()) responses_ = *std::move(responses);
  }
  Take(std::move(bytes), responses_, found ? look_ups_left : 0);
}

void Link::HandOver(ResponseEvents::Taken taken) {
  if (!taken.faults.empty()) Skip(taken.faults);
  if (taken.events.empty()) return call_->Read();
  Post([events = std::move(taken.events)](Link& link) mutable {
    link.events_.assign(std::make_move_iterator(events.begin()),
                        std::make_move_iterator(events.end()));
    link.TellNext();
  });
}

// At most one line a second: a backend can be wrong as fast as it can talk.
void Link::Skip(const std::vector<absl::Status>& faults) {
  Metrics::Add(context_.metrics->responses_skipped, faults.size());
  const MutexLock lock(&mutex_);
  skipped_ += faults.size();
  const absl::Time now = context_.clock->Now();
  if (now < next_log_) return;
  next_log_ = now + absl::Seconds(1);
  const std::string why(faults.front().message());
  log::Warning("response skipped", {{"backend", backend_},
                                    {"method", method_},
                                    {"error", why},
                                    {"skipped", std::exchange(skipped_, 0)}});
}

void Link::TellNext() {
  Event event = std::move(events_.front());
  events_.pop_front();
  if (event.end_of_stream) {
    ended_by_event_ = true;
    events_.clear();
    call_->Cancel();
  }
  reader_->OnEvent(std::move(event));
}

class PerRequestCall final : public CallRelay {
 public:
  explicit PerRequestCall(std::shared_ptr<Link> link) : link_(std::move(link)) {}
  ~PerRequestCall() override { link_->Leave(); }
  void Next() override { link_->Next(); }
  void SetReader(Reader& reader) override { link_->SetReader(reader); }

 private:
  const std::shared_ptr<Link> link_;
};

}  // namespace

std::unique_ptr<CallRelay> StartPerRequestCall(const RelayContext& context,
                                               StreamingCall::Gate& gate, Backend* backend,
                                               Shard& shard, CallRequest request,
                                               CallRelay::Reader& reader) {
  auto link = std::make_shared<Link>(context, shard, request.backend, request.method, reader);
  link->Begin(gate, backend, request);
  return std::make_unique<PerRequestCall>(std::move(link));
}

}  // namespace sluice
