#include "bridge/http/http_session.h"

#include <algorithm>
#include <array>
#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/error.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/base/metrics.h"
#include "bridge/hub/shard.h"

namespace sluice {
namespace {

namespace asio = boost::asio;
using asio::awaitable;
using boost::system::error_code;

constexpr size_t kReadBytes = 4096;
// What a client may send behind a request for a stream.
constexpr size_t kTrailingBytesMax = 4096;
// What is read of a connection that is being closed, and for how long.
constexpr size_t kLingerBytesMax = 256 * 1024;
constexpr std::chrono::seconds kLingerTime{1};

Peer PeerOf(const TcpSocket& socket) {
  error_code error;
  const auto endpoint = socket.remote_endpoint(error);
  if (error) return {};
  const asio::ip::address address = endpoint.address();
  if (address.is_v4()) {
    const std::string text = address.to_string();
    return {text, absl::StrCat(text, ":", endpoint.port())};
  }
  const asio::ip::address_v6 v6 = address.to_v6();
  const std::string text = v6.is_v4_mapped()
                               ? asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_string()
                               : v6.to_string();
  return {text, absl::StrCat("[", text, "]:", endpoint.port())};
}

}  // namespace

HttpSession::HttpSession(std::shared_ptr<HttpServices> services, Shard& shard, Surface surface,
                         Transport transport, SessionBound::Lease connection)
    : services_(std::move(services)),
      shard_(shard),
      surface_(surface),
      transport_(std::move(transport)),
      deadline_(transport_.socket().get_executor()),
      connection_(std::move(connection)),
      peer_(PeerOf(transport_.socket())) {}

void HttpSession::Start() {
  asio::co_spawn(shard_.context(), Run(shared_from_this()), asio::detached);
}

void HttpSession::Drain() {
  error_code ignored;
  if (idle_) transport_.socket().cancel(ignored);
}

std::optional<SessionBound::Lease> HttpSession::GiveUp() {
  if (!std::exchange(waiting_, false)) return std::nullopt;
  error_code ignored;
  transport_.socket().close(ignored);  // what waits on it ends the session
  return std::move(connection_);
}

awaitable<void> HttpSession::Run(std::shared_ptr<HttpSession> self) {
  for (bool open = co_await self->Handshake(); open;) {
    open = co_await self->ReadHead();
    if (open) open = co_await self->ReadBody();
    if (open) open = co_await self->Answer();
  }
  self->deadline_.cancel();
}

// Under the same deadline as a request.
awaitable<bool> HttpSession::Handshake() {
  if (!transport_.secure()) co_return true;
  SetDeadline(absl::ToChronoNanoseconds(services_->options.request_timeout));
  for (;;) {
    error_code error;
    transport_.Handshake(error);
    if (!error) break;
    const bool waits = error == asio::error::would_block;
    const auto what = transport_.pending() ? TcpSocket::wait_write : TcpSocket::wait_read;
    if (waits && co_await WaitFor(what)) continue;
    co_await RefuseHandshake();
    co_return false;
  }
  peer_.secure = true;
  peer_.certificate_names = transport_.tls().certificate_names();
  peer_.certificate_validity = transport_.tls().certificate_validity();
  co_return true;
}

awaitable<void> HttpSession::RefuseHandshake() {
  const TlsStream& tls = transport_.tls();
  // Whoever looks whether the port is open has done nothing wrong.
  if (tls.bytes_received() == 0 && !timed_out_) co_return;
  if (tls.met_plain_http()) {
    transport_.DropTls();
    Refusal refusal{.reason = Reason::kTlsFailed,
                    .status = 400,
                    .detail = "this port speaks TLS: use https",
                    .close = true};
    co_return co_await Refuse(std::move(refusal));
  }
  services_->context.metrics->Refused(Reason::kTlsFailed);
  std::string why = tls.failure();
  if (why.empty()) why = "the client left";
  if (timed_out_) why = "it took too long";
  log::Debug("TLS handshake failed", {{"peer", peer_.address_and_port}, {"error", why}});
  if (tls.failure().empty()) co_return;
  // What TLS has said on it is to arrive.
  transport_.DropTls();
  co_await Close();
}

// A slow client gets an answer after the deadline, an idle one a quiet close. (Of a new
// connection a request is expected from the start: only one that has shown it is a client
// may be idle for longer.)
awaitable<bool> HttpSession::ReadHead() {
  const HttpOptions& options = services_->options;
  const RequestLimits limits{options.header_bytes_max, options.target_bytes_max};
  size_t searched = 0;
  idle_ = true;
  waiting_ = true;
  SetDeadline(absl::ToChronoNanoseconds(first_ ? options.request_timeout : options.idle_timeout));
  for (;;) {
    // RFC 9112, section 2.2: an empty line before a request is skipped.
    while (searched == 0 && buffer_.starts_with("\r\n")) buffer_.erase(0, 2);
    if (idle_ && !buffer_.empty() && buffer_ != "\r") {
      idle_ = false;
      if (!first_) SetDeadline(absl::ToChronoNanoseconds(options.request_timeout));
    }
    if (const auto end = FindHeadEnd(buffer_, searched)) {
      auto parsed = ParseRequestHead(std::string_view(buffer_).substr(0, *end), limits);
      if (auto* refusal = std::get_if<Refusal>(&parsed)) {
        co_await Refuse(std::move(*refusal));
        co_return false;
      }
      head_ = std::get<RequestHead>(std::move(parsed));
      buffer_.erase(0, *end);
      first_ = false;
      co_return true;
    }
    if (auto refusal = CheckUnfinishedHead(buffer_, limits, searched)) {
      co_await Refuse(*std::move(refusal));
      co_return false;
    }
    if (!idle_) searched = buffer_.size();
    // What has been sent already is answered.
    if (idle_ && draining() && !transport_.readable()) co_return false;
    if (!co_await ReadMore()) break;
  }
  if (!idle_) co_await RefuseLate();
  co_return false;
}

// Where a read has failed because the deadline had passed.
awaitable<void> HttpSession::RefuseLate() {
  if (!std::exchange(timed_out_, false)) co_return;
  Refusal refusal{.reason = Reason::kBadRequest,
                  .status = 408,
                  .detail = "the request took too long to arrive",
                  .close = true};
  co_await Refuse(std::move(refusal));
}

awaitable<bool> HttpSession::ReadBody() {
  if (head_.expects_continue && buffer_.empty()) {
    if (!co_await Write("HTTP/1.1 100 Continue\r\n\r\n")) co_return false;
  }
  body_ = std::string();
  for (uint64_t left = head_.body_bytes;;) {
    const size_t taken = std::min<uint64_t>(left, buffer_.size());
    if (head_.method == "POST") body_.append(buffer_, 0, taken);
    buffer_.erase(0, taken);
    left -= taken;
    if (left == 0) co_return true;
    if (co_await ReadMore()) continue;
    co_await RefuseLate();
    co_return false;
  }
}

awaitable<bool> HttpSession::Answer() {
  // The authorizer has a deadline of its own.
  deadline_.cancel();
  waiting_ = false;
  const Peer client = ClientOf(services_->proxies, peer_, head_);
  const Exchange exchange{*services_, shard_, surface_, head_, body_, client, transport_, buffer_};
  sluice::Answer answer = co_await AnswerRequest(exchange);
  if (auto* stream = std::get_if<TopicStream>(&answer)) {
    if (PrepareStream(stream->session)) {
      StartTopicSession(shard_, std::move(transport_), std::move(*stream));
    }
    co_return false;
  }
  if (auto* stream = std::get_if<CallStream>(&answer)) {
    if (PrepareStream(stream->session)) {
      StartCallSession(shard_, std::move(transport_), std::move(*stream));
    }
    co_return false;
  }
  if (std::holds_alternative<ClientGone>(answer)) co_return false;
  const Response& response = std::get<Response>(answer);
  const bool keep_alive = head_.keep_alive && !response.close && !draining();
  const ResponseForm form{
      .http10 = head_.http10, .keep_alive = keep_alive, .head_only = head_.method == "HEAD"};
  const std::string bytes = FormatResponse(response, form, services_->context.clock->Now());
  if (!co_await Write(bytes)) co_return false;
  if (!keep_alive) co_await Close();
  co_return keep_alive;
}

awaitable<bool> HttpSession::ReadMore() {
  for (;;) {
    error_code error;
    {
      std::array<char, kReadBytes> bytes;
      const size_t count = transport_.ReadSome(bytes, error);
      buffer_.append(bytes.data(), count);
    }
    if (!error) co_return true;
    if (error != asio::error::would_block) co_return false;
    if (!co_await WaitFor(TcpSocket::wait_read)) co_return false;
  }
}

awaitable<bool> HttpSession::Write(std::string_view bytes) {
  SetDeadline(absl::ToChronoNanoseconds(services_->options.request_timeout));
  while (!bytes.empty() || transport_.pending()) {
    const iovec buffer{const_cast<char*>(bytes.data()), bytes.size()};
    error_code error;
    bytes.remove_prefix(transport_.WriteSome({&buffer, 1}, error));
    if (error && error != asio::error::would_block) co_return false;
    const bool blocked = error || transport_.pending();
    if (blocked && !co_await WaitFor(TcpSocket::wait_write)) co_return false;
  }
  co_return true;
}

awaitable<bool> HttpSession::WaitFor(TcpSocket::wait_type what) {
  error_code error;
  co_await transport_.socket().async_wait(what, asio::redirect_error(asio::use_awaitable, error));
  co_return !error && !timed_out_;
}

awaitable<void> HttpSession::Refuse(Refusal refusal) {
  Response response = RefuseUnread(*services_, peer_, refusal);
  services_->cors.AddTo("", response.fields);
  const ResponseForm form{.keep_alive = false};
  const std::string bytes = FormatResponse(response, form, services_->context.clock->Now());
  if (co_await Write(bytes)) co_await Close();
}

awaitable<void> HttpSession::Close() {
  transport_.Shutdown();
  SetDeadline(kLingerTime);
  for (size_t read = 0; read < kLingerBytesMax; read += buffer_.size()) {
    buffer_.clear();
    if (!co_await ReadMore()) co_return;
  }
}

bool HttpSession::PrepareStream(SseSessionInit& session) {
  if (buffer_.size() > kTrailingBytesMax) {
    services_->context.metrics->Disconnected(Reason::kClientSentBytes);
    return false;
  }
  using Leases = std::pair<std::shared_ptr<void>, SessionBound::Lease>;
  session.lease = std::make_shared<Leases>(std::move(session.lease), std::move(connection_));
  return true;
}

void HttpSession::SetDeadline(std::chrono::nanoseconds from_now) {
  timed_out_ = false;
  deadline_.expires_after(from_now);
  deadline_.async_wait([self = shared_from_this()](error_code error) {
    // One that was on its way when the deadline was moved says nothing.
    if (error || self->deadline_.expiry() > std::chrono::steady_clock::now()) return;
    self->timed_out_ = true;
    error_code ignored;
    self->transport_.socket().cancel(ignored);
  });
}

}  // namespace sluice
