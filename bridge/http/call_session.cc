#include "bridge/http/call_session.h"

#include <memory>
#include <optional>
#include <utility>

#include "boost/asio/steady_timer.hpp"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/event/call_id.h"
#include "bridge/http/stream_frames.h"
#include "bridge/hub/attendance.h"
#include "bridge/hub/heartbeats.h"
#include "bridge/relay/public_failure.h"
#include "bridge/route/event_template.h"

namespace sluice {
namespace {

const FrameView& OrDefault(const FrameViewPtr& view) {
  static const FrameView kDefault;
  return view == nullptr ? kDefault : *view;
}

class CallSession final : public SseSession, public CallRelay::Reader {
 public:
  CallSession(Shard& shard, Transport transport, CallStream stream)
      : SseSession(shard, std::move(transport), std::move(stream.session)),
        view_(std::move(stream.view)),
        topics_(std::move(stream.topics)),
        filter_(std::move(stream.filter)),
        heartbeat_(shard.context()),
        call_(std::move(stream.call)) {}

  void Start() {
    Open(topics_);
    attendance_.emplace(shard(), *this);
    call_->relay().SetReader(*this);
    started_ = call_->started();
    Queue(OpeningFrame(route(), {view().ids == IdLine::kOff ? std::string() : Id(false), subject(),
                                 topics_, shard().clock().Now()}));
    ScheduleHeartbeat();
    const std::optional<absl::Status> end = call_->end();
    if (std::optional<Event> event = call_->TakeEvent()) Take(*std::move(event));
    if (end) over_ = *end;
    Pump();
  }

  void OnReady() override {}

  void OnStarted() override { started_ = true; }
  void OnEvent(Event event) override {
    started_ = true;
    Take(std::move(event));
    Pump();
  }
  void OnEnd(const absl::Status& status) override {
    if (!ended_by_event_) over_ = status;
    Pump();
  }

 private:
  void Pump() override {
    while (Flush() && !leaving()) {
      if (next_ != nullptr) {
        Send(*std::exchange(next_, nullptr));
      } else if (over_) {
        return Finish();
      } else {
        if (!std::exchange(asked_, true)) call_->relay().Next();
        return;
      }
    }
  }

  void Pause() override {}
  void Change(EventFilterPtr filter, FrameViewPtr view) override {
    filter_ = std::move(filter);
    view_ = std::move(view);
  }
  void Stop() override {
    next_ = nullptr;
    heartbeat_.cancel();
    call_.reset();
  }
  void Release() override {
    Stop();
    attendance_.reset();
  }
  std::vector<std::string> Topics() const override { return topics_; }
  const FrameView& view() const { return OrDefault(view_); }

  // An event that was asked for.
  void Take(Event event) {
    asked_ = false;
    next_ = std::make_unique<Event>(std::move(event));
  }

  // Judged when its turn comes: it may have waited for the socket, and been allowed before.
  void Send(const Event& event) {
    if (filter_ != nullptr && !filter_->Passes(event)) return;
    ++frames_;
    CountDelivered(1);
    Begin(std::make_shared<const SseFrame>(EncodeFrame(event, Id(event.end_of_stream), view())), 0);
    if (event.end_of_stream) {
      ended_by_event_ = true;
      over_ = absl::OkStatus();
    }
  }

  // Everything that came is sent.
  void Finish() {
    const CallPolicy& policy = *route().call;
    if (over_->ok())
      return Leave(Reason::kEndOfStream, ended_by_event_ ? SseFrame() : Done(policy));
    log::Warning("a backend's call has failed", {{"id", id()},
                                                 {"method", policy.method},
                                                 {"code", absl::StatusCodeToString(over_->code())},
                                                 {"error", std::string(over_->message())}});
    Leave(Reason::kBackendFailed, Last(policy.error, PublicFailure(*over_, started_)));
  }

  // Without an event of its own, the end is an id alone.
  SseFrame Done(const CallPolicy& policy) {
    if (policy.done) return Last(*policy.done, absl::OkStatus());
    if (view().ids == IdLine::kOff) return SseFrame();
    SseFields fields;
    const std::string end = Id(true);
    fields.id = end;
    return SseFrame(fields);
  }

  SseFrame Last(const EventTemplate& event, const absl::Status& status) {
    ++frames_;
    // The route's own view: this is no payload.
    return EncodeFrame(FromTemplate(event, status, shard().clock().Now()), Id(true),
                       OrDefault(route().view));
  }

  std::string Id(bool end) const { return FormatCallId({frames_, end}); }

  void ScheduleHeartbeat() {
    const HeartbeatPolicy* policy = route().heartbeat.get();
    if (policy == nullptr || policy->interval <= absl::ZeroDuration()) return;
    heartbeat_.expires_after(absl::ToChronoNanoseconds(policy->interval));
    heartbeat_.async_wait(
        [this, self = shared_from_this(), policy](const boost::system::error_code& error) {
          if (error || leaving() || closed()) return;
          ScheduleHeartbeat();
          // (It has no id: a call's stream has only those of its events.)
          OnHeartbeat(
              std::make_shared<const SseFrame>(HeartbeatFrame(*policy, {}, shard().clock().Now())));
        });
  }

  FrameViewPtr view_;
  const std::vector<std::string> topics_;
  EventFilterPtr filter_;
  std::optional<Attendance> attendance_;
  boost::asio::steady_timer heartbeat_;
  std::unique_ptr<Event> next_;  // the one response that was read ahead of the socket
  bool asked_ = true;            // for the next response
  bool started_ = false;
  bool ended_by_event_ = false;
  std::optional<absl::Status> over_;
  uint64_t frames_ = 0;
  std::unique_ptr<OpenCall> call_;
};

}  // namespace

void StartCallSession(Shard& shard, Transport transport, CallStream stream) {
  std::make_shared<CallSession>(shard, std::move(transport), std::move(stream))->Start();
}

}  // namespace sluice
