// The socket of a stream: written to without blocking; nothing is queued for a
// slow reader but the rest of the one frame it has begun.
#include "bridge/http/sse_session.h"

#include <array>
#include <atomic>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/error.hpp"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/base/logged_path.h"
#include "bridge/base/metrics.h"
#include "bridge/http/stream_frames.h"
#include "bridge/hub/subscriber_id.h"

namespace sluice {
namespace {

// What a client may send after its request before it is cut.
constexpr size_t kDiscardedBytesMax = 4096;
// The same as it travels, with what TLS may say in between.
constexpr uint64_t kWireBytesMax = 16 * 1024;
// How long the client may take to close its side after our last byte.
constexpr absl::Duration kLinger = absl::Seconds(2);

}  // namespace

SseSession::SseSession(Shard& shard, Transport transport, SseSessionInit init)
    : shard_(shard),
      transport_(std::move(transport)),
      wire_bytes_before_(transport_.wire_bytes_received()),
      route_(*init.route),
      chunked_(init.chunked),
      subject_(std::move(init.subject)),
      peer_address_(std::move(init.peer_address)),
      id_(NewSubscriberId("http")),
      opened_at_(shard.clock().Now()),
      access_(std::move(init.access)),
      write_timeout_(init.write_timeout),
      lease_(std::move(init.lease)),
      control_(std::move(init.head)) {}

void SseSession::Open(const std::vector<std::string>& topics) {
  log::Info("stream opened", {{"id", id_},
                              {"peer", peer_address_},
                              {"subject", subject_},
                              {"route", route_.path.text()},
                              {"topics", LoggedTopics(topics)}});
  WaitReadable();
}

void SseSession::OnHeartbeat(const FramePtr& frame) {
  if (Busy()) return;
  partial_ = frame;
  Flush();
}

void SseSession::OnTick(absl::Time now) {
  if (blocked_since_ + write_timeout_ <= now) return Close(Reason::kStalled);
  if (lingers_until_ <= now) return Close(*leaving_);
  if (leaving_ || access_ == nullptr) return;
  const Standing::Due due = access_->standing.OnTick(now);
  if (due == Standing::Due::kAsk) AskAgain();
  if (due == Standing::Due::kOver) Expire();
}

void SseSession::OnDrain(Reason reason, uint32_t retry_ms) {
  if (!leaving_) Leave(reason, RetryFrame(retry_ms));
}

void SseSession::OnCut(Reason reason) { Close(reason); }

SubscriberDescription SseSession::Describe() const {
  return {id_, subject_, peer_address_, Topics(), opened_at_, "http"};
}

bool SseSession::Flush() {
  if (blocked()) return false;
  while (pending() || partial_ != nullptr || !control_.empty()) {
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
    if (*written < rest.size() || pending()) {
      Block();
      return false;
    }
  }
  if (leaving_) Shutdown();
  return !blocked();
}

std::optional<size_t> SseSession::Write(std::span<const iovec> buffers) {
  boost::system::error_code error;
  const size_t written = transport_.WriteSome(buffers, error);
  if (!error || error == boost::asio::error::would_block) return written;
  const bool left =
      error == boost::asio::error::broken_pipe || error == boost::asio::error::connection_reset;
  Close(left ? Reason::kClientLeft : Reason::kClientError);
  return std::nullopt;
}

void SseSession::Begin(FramePtr frame, size_t written) {
  partial_ = std::move(frame);
  partial_written_ = written;
}

void SseSession::Block() {
  blocked_since_ = shard_.clock().Now();
  Pause();
  transport_.socket().async_wait(
      TcpSocket::wait_write, [self = shared_from_this()](const boost::system::error_code& error) {
        if (error || self->closed_) return;
        self->blocked_since_ = absl::InfiniteFuture();
        self->Pump();
      });
}

void SseSession::WaitReadable() {
  transport_.AwaitReadable([self = shared_from_this()](const boost::system::error_code& error) {
    if (!error && !self->closed_) self->Discard();
  });
}

// A client has nothing to say once its stream runs, but that it leaves.
void SseSession::Discard() {
  std::array<char, 1024> bytes;
  boost::system::error_code error;
  const size_t received = transport_.ReadSome(bytes, error);
  if (error == boost::asio::error::eof) return Close(leaving_.value_or(Reason::kClientLeft));
  if (error && error != boost::asio::error::would_block) {
    const bool left = error == boost::asio::error::connection_reset;
    return Close(leaving_.value_or(left ? Reason::kClientLeft : Reason::kClientError));
  }
  discarded_ += received;
  if (discarded_ > kDiscardedBytesMax ||
      transport_.wire_bytes_received() - wire_bytes_before_ > kWireBytesMax) {
    return Close(Reason::kClientSentBytes);
  }
  WaitReadable();
}

void SseSession::Queue(const SseFrame& frame) {
  if (!frame.chunked().empty()) control_.append(frame.bytes(chunked_));
}

void SseSession::CountDelivered(uint64_t events) {
  shard_.CountDelivered(events);
  events_ += events;
}

SseFrame SseSession::Error(std::string_view code, std::string_view message) {
  return ErrorFrame(route_, code, message, shard_.clock().Now());
}

void SseSession::Leave(Reason reason, const SseFrame& last) {
  leaving_ = reason;
  Stop();
  Queue(last);
  if (chunked_) control_.append(kLastChunk);
  Flush();
}

void SseSession::Shutdown() {
  transport_.Shutdown();
  if (lingers_until_ == absl::InfiniteFuture()) lingers_until_ = shard_.clock().Now() + kLinger;
  if (pending()) Block();
}

void SseSession::Close(Reason reason) {
  if (std::exchange(closed_, true)) return;
  shard_.metrics().Disconnected(reason);
  log::Info("stream closed", {{"id", id_},
                              {"peer", peer_address_},
                              {"subject", subject_},
                              {"reason", ReasonName(reason)},
                              {"seconds", absl::ToDoubleSeconds(shard_.clock().Now() - opened_at_)},
                              {"events", events_}});
  boost::system::error_code ignored;
  transport_.socket().close(ignored);  // what waits on it lets go of this
  Release();
  lease_.reset();
}

}  // namespace sluice
