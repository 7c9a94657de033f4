// The write path, the hottest one of the bridge: frames go from the window to
// the socket in one vectored, non-blocking call; nothing is queued for a slow
// reader but the rest of the one frame it has begun.
#include "bridge/http/sse_session.h"

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/base/metrics.h"
#include "bridge/http/stream_frames.h"
#include "bridge/hub/shard.h"

namespace sluice {
namespace {

// Of one write.
constexpr size_t kItemsMax = 128;
constexpr size_t kWriteBytesMax = 256 * 1024;
// What a client may send after its request before it is cut.
constexpr size_t kDiscardedBytesMax = 4096;
// How long the client may take to close its side after our last byte.
constexpr absl::Duration kLinger = absl::Seconds(2);

std::string NextSubscriberId() {
  static std::atomic<uint64_t> next{1};
  return absl::StrCat("http-", next.fetch_add(1, std::memory_order_relaxed));
}

class SseSession final : public Subscriber, public std::enable_shared_from_this<SseSession> {
 public:
  SseSession(Shard& shard, TcpSocket socket, SseSessionInit init)
      : shard_(shard),
        socket_(std::move(socket)),
        route_(*init.route),
        chunked_(init.chunked),
        subject_(std::move(init.subject)),
        peer_address_(std::move(init.peer_address)),
        id_(NextSubscriberId()),
        opened_at_(shard.clock().Now()),
        expires_at_(init.expires_at),
        write_timeout_(init.write_timeout),
        lease_(std::move(init.lease)),
        control_(std::move(init.head)) {}

  void Start(SubscriptionSpec spec) {
    boost::system::error_code ignored;
    socket_.non_blocking(true, ignored);
    socket_.set_option(boost::asio::ip::tcp::no_delay(true), ignored);
    log::Info("stream opened", {{"id", id_},
                                {"peer", peer_address_},
                                {"subject", subject_},
                                {"route", route_.path.text()},
                                {"topics", absl::StrJoin(spec.topics, ",")}});
    WaitReadable();
    subscription_.emplace(shard_, *this, std::move(spec));
    Pump();
  }

  void OnReady() override { Pump(); }

  void OnHeartbeat(const FramePtr& frame) override {
    if (Busy()) return;
    partial_ = frame;
    Flush();
  }

  void OnTick(absl::Time now) override {
    if (blocked_since_ + write_timeout_ <= now) return Close(Reason::kStalled);
    if (lingers_until_ <= now) return Close(*leaving_);
    if (!leaving_ && expires_at_ <= now) {
      Leave(Reason::kExpired, ErrorFrame("unauthenticated", "the authorization has expired"));
    }
  }

  void OnDrain(Reason reason, uint32_t retry_ms) override {
    if (!leaving_) Leave(reason, RetryFrame(retry_ms));
  }

  void OnCut(Reason reason) override { Close(reason); }

  SubscriberDescription Describe() const override {
    return {id_, subject_, peer_address_, subscription_->Topics(), opened_at_, "http"};
  }

 private:
  // Bytes that must go before the next frame, or a socket that takes none.
  bool Busy() const { return blocked() || partial_ != nullptr || !control_.empty() || leaving_; }
  bool blocked() const { return blocked_since_ != absl::InfiniteFuture(); }

  // Sends all there is, until the socket or the subscription has enough.
  void Pump() {
    if (blocked()) return;
    // Used inside this call only; not made anew for each subscriber.
    static thread_local std::array<Item, kItemsMax> items;
    while (Flush() && !leaving_) {
      const size_t count = subscription_->Peek(items, kWriteBytesMax);
      if (!opened_ && subscription_->state() != Subscription::State::kOpening) {
        Open();
        continue;
      }
      if (count == 0) return Rest();
      if (!Send({items.data(), count})) return;
      if (subscription_->state() == Subscription::State::kCaughtUp) return;
    }
  }

  void Open() {
    opened_ = true;
    const FrameViewPtr& view = subscription_->view();
    const bool ids = view == nullptr || view->ids != IdLine::kOff;
    Queue(OpeningFrame(route_, {ids ? subscription_->start_id() : std::string_view(), subject_,
                                subscription_->Topics(), shard_.clock().Now()}));
  }

  // There is nothing to send now.
  void Rest() {
    switch (subscription_->state()) {
      case Subscription::State::kEnded:
        return Leave(Reason::kEndOfStream, SseFrame());
      case Subscription::State::kFailed:
        log::Error("event log could not be read",
                   {{"id", id_}, {"error", std::string(subscription_->status().message())}});
        return Leave(Reason::kLogFailed, ErrorFrame("unavailable", "the event log is away"));
      default:
        return;
    }
  }

  // False: the socket takes no more, or the session has ended.
  bool Send(std::span<const Item> items) {
    std::array<iovec, kItemsMax> buffers;
    for (size_t i = 0; i < items.size(); ++i) buffers[i] = Buffer(items[i].frame->bytes(chunked_));
    std::optional<size_t> written = Write({buffers.data(), items.size()});
    if (!written) return false;

    size_t taken = 0;
    while (taken < items.size() && *written >= buffers[taken].iov_len) {
      *written -= buffers[taken++].iov_len;
    }
    if (taken < items.size() && *written > 0) {
      partial_ = subscription_->Own(items[taken]);
      partial_written_ = *written;
      ++taken;
    }
    Count(items.first(taken));
    const bool all = taken == items.size() && partial_ == nullptr;
    subscription_->Advance(taken);
    if (!all) Block();
    return all;
  }

  void Count(std::span<const Item> taken) {
    const auto events = std::count_if(taken.begin(), taken.end(),
                                      [](const Item& item) { return item.event != nullptr; });
    shard_.CountDelivered(static_cast<uint64_t>(events));
    events_ += static_cast<uint64_t>(events);
  }

  // The rest of a frame, then the blocks of our own. True: they are written.
  bool Flush() {
    if (blocked()) return false;
    while (partial_ != nullptr || !control_.empty()) {
      const std::string_view rest = partial_ != nullptr
                                        ? partial_->bytes(chunked_).substr(partial_written_)
                                        : std::string_view(control_);
      const iovec buffer = Buffer(rest);
      const std::optional<size_t> written = Write({&buffer, 1});
      if (!written) return false;
      if (partial_ == nullptr) {
        control_.erase(0, *written);
        if (control_.empty()) control_.shrink_to_fit();
      } else {
        partial_written_ += *written;
        if (*written == rest.size()) {
          partial_ = nullptr;
          partial_written_ = 0;
        }
      }
      if (*written < rest.size()) {
        Block();
        return false;
      }
    }
    if (leaving_) Shutdown();
    return true;
  }

  static iovec Buffer(std::string_view bytes) {
    return {const_cast<char*>(bytes.data()), bytes.size()};
  }

  // How much the socket took; nothing: it failed, and so has the session.
  std::optional<size_t> Write(std::span<const iovec> buffers) {
    const int socket = socket_.native_handle();
    ssize_t written;
    if (buffers.size() == 1) {
      written = ::send(socket, buffers[0].iov_base, buffers[0].iov_len, MSG_NOSIGNAL);
    } else {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(buffers.data());
      message.msg_iovlen = buffers.size();
      written = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    }
    if (written >= 0) return static_cast<size_t>(written);
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return 0;
    Close(errno == EPIPE || errno == ECONNRESET ? Reason::kClientLeft : Reason::kClientError);
    return std::nullopt;
  }

  void Block() {
    blocked_since_ = shard_.clock().Now();
    subscription_->Pause();
    socket_.async_wait(TcpSocket::wait_write,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                         if (error || self->closed_) return;
                         self->blocked_since_ = absl::InfiniteFuture();
                         self->Pump();
                       });
  }

  void WaitReadable() {
    socket_.async_wait(TcpSocket::wait_read,
                       [self = shared_from_this()](const boost::system::error_code& error) {
                         if (!error && !self->closed_) self->Discard();
                       });
  }

  // A client has nothing to say once its stream runs, but that it leaves.
  void Discard() {
    std::array<char, 1024> bytes;
    const ssize_t received = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), 0);
    if (received == 0) return Close(leaving_.value_or(Reason::kClientLeft));
    if (received < 0 && errno != EAGAIN && errno != EINTR) {
      const bool left = errno == ECONNRESET;
      return Close(leaving_.value_or(left ? Reason::kClientLeft : Reason::kClientError));
    }
    if (received > 0) discarded_ += static_cast<size_t>(received);
    if (discarded_ > kDiscardedBytesMax) return Close(Reason::kClientSentBytes);
    WaitReadable();
  }

  void Queue(const SseFrame& frame) {
    if (!frame.chunked().empty()) control_.append(frame.bytes(chunked_));
  }

  // Ends the stream in order: what was begun, a last block, the last chunk,
  // then shutdown.
  void Leave(Reason reason, const SseFrame& last) {
    leaving_ = reason;
    Queue(last);
    if (chunked_) control_.append(kLastChunk);
    Flush();
  }

  void Shutdown() {
    boost::system::error_code ignored;
    socket_.shutdown(TcpSocket::shutdown_send, ignored);
    if (lingers_until_ == absl::InfiniteFuture()) lingers_until_ = shard_.clock().Now() + kLinger;
  }

  void Close(Reason reason) {
    if (std::exchange(closed_, true)) return;
    shard_.metrics().Disconnected(reason);
    log::Info("stream closed",
              {{"id", id_},
               {"peer", peer_address_},
               {"subject", subject_},
               {"reason", ReasonName(reason)},
               {"seconds", absl::ToDoubleSeconds(shard_.clock().Now() - opened_at_)},
               {"events", events_}});
    boost::system::error_code ignored;
    socket_.close(ignored);  // what waits on it lets go of this
    subscription_.reset();
    lease_.reset();
  }

  Shard& shard_;
  TcpSocket socket_;
  const Route& route_;
  const bool chunked_;
  bool opened_ = false;
  bool closed_ = false;
  std::optional<Reason> leaving_;
  const std::string subject_;
  const std::string peer_address_;
  const std::string id_;
  const absl::Time opened_at_;
  const absl::Time expires_at_;
  const absl::Duration write_timeout_;
  std::shared_ptr<void> lease_;

  // Written before anything else, in this order.
  FramePtr partial_;
  size_t partial_written_ = 0;
  std::string control_;

  absl::Time blocked_since_ = absl::InfiniteFuture();
  absl::Time lingers_until_ = absl::InfiniteFuture();
  size_t discarded_ = 0;
  uint64_t events_ = 0;
  std::optional<Subscription> subscription_;
};

}  // namespace

void StartSseSession(Shard& shard, TcpSocket socket, SseSessionInit init) {
  SubscriptionSpec spec = std::move(init.subscription);
  std::make_shared<SseSession>(shard, std::move(socket), std::move(init))->Start(std::move(spec));
}

}  // namespace sluice
