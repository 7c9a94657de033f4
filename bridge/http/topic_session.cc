// The write path, the hottest one of the bridge: frames go from the window to
// the socket in one vectored, non-blocking call.
#include "bridge/http/topic_session.h"

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <utility>

#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/http/stream_frames.h"

namespace sluice {
namespace {

// Of one write.
constexpr size_t kItemsMax = 128;
constexpr size_t kWriteBytesMax = 256 * 1024;

class TopicSession final : public SseSession {
 public:
  TopicSession(Shard& shard, Transport transport, SseSessionInit init)
      : SseSession(shard, std::move(transport), std::move(init)) {}

  void Start(SubscriptionSpec spec) {
    Open(spec.topics);
    subscription_.emplace(shard(), *this, std::move(spec));
    Pump();
  }

  void OnReady() override { Pump(); }

  void OnLogAway(const LogOutage& outage) override {
    if (!opened_ || leaving() || closed() || told_of_outage_ == outage.number) return;
    if (outage.lasts <= route().log_unavailable_after) return;
    told_of_outage_ = outage.number;
    Queue(Error("UNAVAILABLE",
                "the event log is away: events are delayed, and follow on this stream"));
    Pump();
  }

 private:
  // Sends all there is, until the socket or the subscription has enough.
  void Pump() override {
    if (blocked()) return;
    // Used inside this call only; not made anew for each subscriber.
    static thread_local std::array<Item, kItemsMax> items;
    while (Flush() && !leaving()) {
      const size_t count = subscription_->Peek(items, kWriteBytesMax);
      if (!opened_ && subscription_->state() != Subscription::State::kOpening) {
        SendOpening();
        continue;
      }
      if (count == 0) return Rest();
      if (!Send({items.data(), count})) return;
      if (subscription_->state() == Subscription::State::kCaughtUp) return;
    }
  }

  void Pause() override { subscription_->Pause(); }
  void Change(EventFilterPtr filter, FrameViewPtr view) override {
    subscription_->Change(std::move(filter), std::move(view));
  }
  void Release() override { subscription_.reset(); }
  std::vector<std::string> Topics() const override { return subscription_->Topics(); }

  void SendOpening() {
    opened_ = true;
    const FrameViewPtr& view = subscription_->view();
    const bool ids = view == nullptr || view->ids != IdLine::kOff;
    Queue(OpeningFrame(route(), {ids ? subscription_->start_id() : std::string_view(), subject(),
                                 subscription_->Topics(), shard().clock().Now()}));
  }

  // There is nothing to send now.
  void Rest() {
    switch (subscription_->state()) {
      case Subscription::State::kEnded:
        return Leave(Reason::kEndOfStream, SseFrame());
      case Subscription::State::kFailed:
        log::Error("event log could not be read",
                   {{"id", id()}, {"error", std::string(subscription_->status().message())}});
        return Leave(Reason::kLogFailed, Error("unavailable", "the event log is away"));
      default:
        return;
    }
  }

  // False: the socket takes no more, or the session has ended.
  bool Send(std::span<const Item> items) {
    std::array<iovec, kItemsMax> buffers;
    for (size_t i = 0; i < items.size(); ++i) {
      buffers[i] = Buffer(items[i].frame->bytes(chunked()));
    }
    std::optional<size_t> written = Write({buffers.data(), items.size()});
    if (!written) return false;

    size_t taken = 0;
    while (taken < items.size() && *written >= buffers[taken].iov_len) {
      *written -= buffers[taken++].iov_len;
    }
    const bool all = taken == items.size();
    if (!all && *written > 0) {
      Begin(subscription_->Own(items[taken]), *written);
      ++taken;
    }
    Count(items.first(taken));
    subscription_->Advance(taken);
    if (all && !pending()) return true;
    Block();
    return false;
  }

  void Count(std::span<const Item> taken) {
    const auto events = std::count_if(taken.begin(), taken.end(),
                                      [](const Item& item) { return item.event != nullptr; });
    CountDelivered(static_cast<uint64_t>(events));
  }

  bool opened_ = false;
  uint32_t told_of_outage_ = 0;
  std::optional<Subscription> subscription_;
};

}  // namespace

void StartTopicSession(Shard& shard, Transport transport, TopicStream stream) {
  std::make_shared<TopicSession>(shard, std::move(transport), std::move(stream.session))
      ->Start(std::move(stream.subscription));
}

}  // namespace sluice
