#include "bridge/rpc/subscribe_call.h"

#include <algorithm>
#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/access/authorizer.h"
#include "bridge/access/revocations.h"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/base/logged_path.h"
#include "bridge/base/metrics.h"
#include "bridge/fleet/proto_time.h"
#include "bridge/hub/event_search.h"
#include "bridge/hub/hub.h"
#include "bridge/hub/log_head.h"
#include "bridge/hub/subscriber_id.h"
#include "bridge/rpc/caller.h"
#include "bridge/rpc/connections.h"

namespace sluice {
namespace {

// About seconds.
constexpr int kTicksToLeave = 10;

// The data of a frame that has one line of it; "": it has none.
std::string DataOf(const SseFrame& frame) {
  constexpr std::string_view kData = "data: ";
  for (std::string_view rest = frame.plain(); !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    if (line.starts_with(kData)) return std::string(line.substr(kData.size()));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
  }
  return "";
}

std::optional<std::string> DataOf(const Item& item, const FrameViewPtr& view) {
  const auto data = item.event->data();
  if (!data) return std::nullopt;
  // What was masked is one line of JSON, and in the frame already.
  const bool masked = view != nullptr && view->masks->Hides(item.event->event().type);
  return masked ? DataOf(*item.frame) : std::string(*data);
}

// `view`: the default one (null), or that with masks.
void Fill(const Item& item, const FrameViewPtr& view, v1::SubscribeResponse* response) {
  response->Clear();
  if (item.gap != nullptr) {
    response->set_id(FormatEventId(item.gap->resumed));
    response->set_type("gap");
    response->set_data(DataOf(*item.frame));
    response->set_topic(item.gap->topic);
    return;
  }
  const Event& event = item.event->event();
  EventId id = item.event->id();
  id.end = item.last;
  if (!event.transient) response->set_id(FormatEventId(id));
  response->set_type(event.type);
  if (auto data = DataOf(item, view)) response->set_data(*std::move(data));
  response->set_topic(event.topic);
  for (const auto& [key, value] : event.attributes) {
    (*response->mutable_attributes())[key] = value;
  }
  *response->mutable_time() = ToProto(event.time);
  if (event.retry_ms) *response->mutable_retry() = ToProto(absl::Milliseconds(*event.retry_ms));
  response->set_end_of_stream(event.end_of_stream);
}

}  // namespace

SubscribeCall::SubscribeCall(const RpcContext& rpc, const std::atomic<bool>& draining,
                             grpc::CallbackServerContext& context, std::function<void()> on_done)
    : rpc_(rpc),
      draining_(draining),
      context_(context),
      on_done_(std::move(on_done)),
      shard_(rpc.hub->NextShard()),
      id_(NewSubscriberId("grpc")),
      peer_address_(PeerAddress(context)),
      opened_at_(rpc.clock->Now()) {}

void SubscribeCall::Start(const absl::Status& admission, const v1::SubscribeRequest& request,
                          uint32_t topics_max) {
  self_ = shared_from_this();
  absl::StatusOr<RequestedSubscription> requested = ReadSubscribeRequest(request, topics_max);
  OnShard([self = self_, admission, requested = std::move(requested)] {
    if (!admission.ok()) return self->Refuse(admission, Reason::kTooManySessions);
    if (!requested.ok()) return self->Refuse(requested.status(), Reason::kBadRequest);
    self->requested_ = *requested;
    self->Ask();
  });
}

void SubscribeCall::OnShard(std::function<void()> step) {
  boost::asio::post(shard_.context(), std::move(step));
}

void SubscribeCall::OnWriteDone(bool ok) {
  OnShard([self = shared_from_this(), ok] {
    self->writing_ = false;
    if (!ok) self->Leave(Reason::kClientLeft, grpc::Status::CANCELLED);
    if (self->leaving_) return self->End(*self->leaving_);
    self->Pump();
  });
}

void SubscribeCall::OnCancel() {
  OnShard(
      [self = shared_from_this()] { self->Leave(Reason::kClientLeft, grpc::Status::CANCELLED); });
}

void SubscribeCall::OnDone() {
  on_done_();
  self_.reset();
}

void SubscribeCall::Ask() {
  absl::StatusOr<AuthorizationRequest> question = MakeQuestion(
      context_, *rpc_.authorizer, Action::kSubscribe, requested_.spec.topics, rpc_.clock->Now());
  if (!question.ok()) return Refuse(question.status(), Reason::kBadRequest);
  question_ = std::make_shared<const AuthorizationRequest>(*question);
  // What is taken back from here on may be missing from the answer.
  if (rpc_.revocations != nullptr) asked_at_ = rpc_.revocations->Now();
  rpc_.authorizer->Authorize(*std::move(question), [self = shared_from_this()](Decision decision) {
    self->OnShard([self, decision = std::move(decision)] { self->Decide(decision); });
  });
}

void SubscribeCall::Decide(const Decision& decision) {
  if (ended_) return;
  if (const absl::Status status = ToStatus(decision); !status.ok()) {
    return Refuse(status, ReasonOf(decision));
  }
  SubscriptionSpec& spec = requested_.spec;
  const absl::Status applied = ApplyDecision(decision, requested_.attributes, &spec);
  if (!applied.ok()) return Refuse(applied, Reason::kForbidden);
  const absl::Status one = CheckOnePartition(*rpc_.log, spec.topics);
  if (!one.ok()) return Refuse(one, Reason::kBadRequest);
  if (decision.expires_at <= rpc_.clock->Now()) {
    return Refuse(absl::UnauthenticatedError("the credential has expired"),
                  Reason::kUnauthenticated);
  }
  rpc_.connections->Allow(peer_address_);
  subject_ = decision.subject;
  access_ = MakeStreamAccess(*rpc_.authorizer, std::move(requested_.attributes),
                             std::move(question_), decision, rpc_.standing, rpc_.clock->Now());
  const std::optional<EventId> ended_at = EndedAt(spec.last_event_id);
  if (!ended_at) return Open();
  AnyEventAfter(shard_, spec.topics, *ended_at, spec.filter,
                [self = shared_from_this()](absl::StatusOr<EventsAfter> more) {
                  self->OnShard([self, more = std::move(more)] { self->Reopen(more); });
                });
}

// The stream had ended; `more`: something has come since.
void SubscribeCall::Reopen(const absl::StatusOr<EventsAfter>& more) {
  if (ended_) return;
  if (!more.ok())
    return Refuse(absl::UnavailableError("the event log is away; try again"), Reason::kLogFailed);
  if (more->any) return Open();
  rpc_.metrics->Refused(Reason::kEnded);
  End(grpc::Status::OK);
}

void SubscribeCall::Open() {
  if (draining_) return Refuse(absl::UnavailableError("draining"), Reason::kDraining);
  // In the step in which the hub gets to know it: from then on, that finds it.
  if (Revoked()) {
    return Refuse(absl::UnavailableError("access was taken back while it was checked; try again"),
                  Reason::kDisconnected);
  }
  log::Info("stream opened", {{"id", id_},
                              {"peer", peer_address_},
                              {"subject", subject_},
                              {"route", "grpc"},
                              {"topics", LoggedTopics(requested_.spec.topics)}});
  subscription_.emplace(shard_, *this, std::move(requested_.spec));
  Pump();
}

// Sends the next event, unless one is on its way.
void SubscribeCall::Pump() {
  if (writing_ || leaving_ || ended_) return;
  std::array<Item, 2> items;
  const size_t count = subscription_->Peek(items, 1 << 16);
  // It tells the caller that it will miss nothing from here on.
  if (!metadata_sent_ && subscription_->state() != Subscription::State::kOpening) {
    metadata_sent_ = true;
    StartSendInitialMetadata();
  }
  if (count == 0) return Rest();
  Fill(items[0], subscription_->view(), &response_);
  subscription_->Advance(1);
  shard_.CountDelivered(1);
  ++events_;
  writing_ = true;
  // With another one behind it there is no hurry to put it on the wire.
  grpc::WriteOptions options;
  if (count > 1) options.set_buffer_hint();
  StartWrite(&response_, options);
}

// There is nothing to send now.
void SubscribeCall::Rest() {
  switch (subscription_->state()) {
    case Subscription::State::kEnded:
      return Leave(Reason::kEndOfStream, grpc::Status::OK);
    case Subscription::State::kFailed:
      log::Error("event log could not be read",
                 {{"id", id_}, {"error", std::string(subscription_->status().message())}});
      return Leave(Reason::kLogFailed,
                   {grpc::StatusCode::UNAVAILABLE, "the event log is away; try again"});
    default:
      return;
  }
}

void SubscribeCall::OnTick(absl::Time now) {
  if (leaving_) {
    // It takes not even the message that is on its way.
    if (++ticks_since_leaving_ > kTicksToLeave) context_.TryCancel();
    return;
  }
  // A caller that has not taken a message for a second takes no history either.
  if (writing_ && subscription_) subscription_->Pause();
  if (draining_) return OnDrain(Reason::kDraining, 0);  // it came while the others were told
  if (access_ == nullptr) return;
  const Standing::Due due = access_->standing.OnTick(now);
  if (due == Standing::Due::kAsk) AskAgain();
  if (due == Standing::Due::kOver) Expire();
}

void SubscribeCall::OnDrain(Reason reason, uint32_t) {
  Leave(reason, {grpc::StatusCode::UNAVAILABLE, std::string(ReasonName(reason))});
}

void SubscribeCall::OnCut(Reason reason) {
  const auto self = shared_from_this();  // (once it is finished, gRPC lets go of it)
  context_.TryCancel();
  Leave(reason, grpc::Status::CANCELLED);
  subscription_.reset();  // its shard may be going
}

SubscriberDescription SubscribeCall::Describe() const {
  return {id_, subject_, peer_address_, subscription_->Topics(), opened_at_, "grpc"};
}

void SubscribeCall::Refuse(const absl::Status& why, Reason reason) {
  rpc_.metrics->Refused(reason);
  log::Info("stream refused",
            {{"peer", peer_address_},
             {"route", "grpc"},
             {"reason", ReasonName(reason)},
             {"detail", LoggedMessage(std::string(why.message()), requested_.spec.topics)}});
  End(ToGrpc(why));
}

// Ends the call once the write that is under way is done.
void SubscribeCall::Leave(Reason reason, const grpc::Status& status) {
  if (ended_ || leaving_) return;
  leaving_ = status;
  if (subscription_) {
    rpc_.metrics->Disconnected(reason);
    log::Info("stream closed", {{"id", id_},
                                {"peer", peer_address_},
                                {"subject", subject_},
                                {"reason", ReasonName(reason)},
                                {"seconds", absl::ToDoubleSeconds(rpc_.clock->Now() - opened_at_)},
                                {"events", events_}});
  }
  if (!writing_) End(status);
}

void SubscribeCall::End(const grpc::Status& status) {
  if (std::exchange(ended_, true)) return;
  subscription_.reset();
  Finish(status);
}

}  // namespace sluice
