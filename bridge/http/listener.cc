#include "bridge/http/listener.h"

#include <sys/socket.h>

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "boost/asio/basic_waitable_timer.hpp"
#include "boost/asio/co_spawn.hpp"
#include "boost/asio/detached.hpp"
#include "boost/asio/post.hpp"
#include "boost/asio/redirect_error.hpp"
#include "boost/asio/use_awaitable.hpp"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/base/metrics.h"
#include "bridge/base/text.h"
#include "bridge/hub/shard.h"

namespace sluice {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using ReusePort = asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>;

// When the process has no more files, or the machine no more memory.
constexpr std::chrono::milliseconds kPauseAfterError{100};
constexpr int kBacklogDrainedMax = 4096;
// Of connections, to find one that may make room.
constexpr int kSearchedMax = 64;
constexpr absl::Duration kTellEvery = absl::Seconds(10);

absl::Status Failed(const Listener::Endpoint& endpoint, std::string_view what, error_code error) {
  return absl::UnavailableError(absl::StrCat("cannot listen on ", endpoint.address().to_string(),
                                             ":", endpoint.port(), ": ", AsAbsl(what), ": ",
                                             error.message()));
}

}  // namespace

Listener::Listener(std::shared_ptr<HttpServices> services, Shard& shard, Surface surface)
    : services_(std::move(services)),
      shard_(shard),
      surface_(surface),
      tls_((surface == Surface::kOps ? services_->ops_tls : services_->tls).get()),
      acceptor_(shard.context().get_executor()) {}

absl::StatusOr<Listener::Endpoint> Listener::ListenFirst(const Endpoint& endpoint) {
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (error) return Failed(endpoint, "open", error);
  acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  // Listening before sharing: of two processes that bind at once, one fails here.
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (!error) acceptor_.set_option(ReusePort(true), error);
  if (error) return Failed(endpoint, "is another process using it?", error);
  return acceptor_.local_endpoint();
}

absl::Status Listener::ListenToo(const Endpoint& endpoint) {
  error_code error;
  acceptor_.open(endpoint.protocol(), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  if (!error) acceptor_.set_option(ReusePort(true), error);
  if (!error) acceptor_.bind(endpoint, error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  return error ? Failed(endpoint, "one listener for each shard", error) : absl::OkStatus();
}

void Listener::Start() {
  asio::co_spawn(shard_.context(), Run(shared_from_this()), asio::detached);
}

asio::awaitable<void> Listener::Run(std::shared_ptr<Listener> self) {
  while (self->acceptor_.is_open()) {
    error_code error;
    TcpSocket socket =
        co_await self->acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, error));
    if (!error) {
      self->Accepted(std::move(socket));
    } else if (self->acceptor_.is_open() && error != asio::error::connection_aborted) {
      log::Warning("cannot accept a connection", {{"error", error.message()}});
      asio::basic_waitable_timer<std::chrono::steady_clock> pause(self->shard_.context());
      pause.expires_after(kPauseAfterError);
      co_await pause.async_wait(asio::redirect_error(asio::use_awaitable, error));
    }
  }
}

void Listener::Accepted(TcpSocket socket) {
  error_code ignored;
  // An event is to leave at once, however small.
  socket.set_option(asio::ip::tcp::no_delay(true), ignored);
  SessionBound& bound =
      surface_ == Surface::kOps ? services_->ops_connections : services_->connections;
  std::optional<SessionBound::Lease> connection = bound.Take();
  if (!connection) connection = MakeRoom();
  if (!connection) {
    // No memory and no time for this one: it is not even read.
    const Refusal refusal{
        .reason = Reason::kTooManySessions,
        .status = 503,
        .detail = absl::StrCat("there are already ", bound.limit(), " connections"),
        .close = true};
    const Response response = RefuseUnread(*services_, {}, refusal);
    const std::string bytes =
        FormatResponse(response, {.keep_alive = false}, services_->context.clock->Now());
    if (tls_ != nullptr) return;  // it could not read that
    socket.non_blocking(true, ignored);
    socket.write_some(asio::buffer(bytes), ignored);
    return;
  }
  TlsPtr tls = tls_ == nullptr ? nullptr : tls_->NewConnection();
  if (tls_ != nullptr && tls == nullptr) return log::Error("no memory for a TLS connection");
  auto session = std::make_shared<HttpSession>(services_, shard_, surface_,
                                               Transport(std::move(socket), std::move(tls)),
                                               *std::move(connection));
  sessions_.push_back(*session);
  session->Start();
}

// Whoever fills the house with connections that never finish a request must not keep others
// out: the oldest of them go first, and a client that has something to ask has asked long
// before it is the oldest.
std::optional<SessionBound::Lease> Listener::MakeRoom() {
  for (int i = 0; i < kSearchedMax && !sessions_.empty(); ++i) {
    HttpSession& oldest = sessions_.front();
    sessions_.pop_front();
    sessions_.push_back(oldest);
    std::optional<SessionBound::Lease> lease = oldest.GiveUp();
    if (!lease) continue;
    services_->context.metrics->Refused(Reason::kTooManySessions);
    const absl::Time now = services_->context.clock->Now();
    if (crowding_told_at_ + kTellEvery <= now) {
      crowding_told_at_ = now;
      log::Warning("connections without a request make room for new ones",
                   {{"connections", services_->connections.limit()}});
    }
    return lease;
  }
  return std::nullopt;
}

void Listener::Stop(std::shared_ptr<Listener> self) {
  auto& context = self->shard_.context();
  asio::post(context, [self = std::move(self)] { self->Drain(); });
}

void Listener::Drain() {
  // Closing the socket would reset what waits on it.
  error_code error;
  acceptor_.non_blocking(true, error);
  for (int i = 0; i < kBacklogDrainedMax && !error; ++i) {
    TcpSocket socket(shard_.context());
    acceptor_.accept(socket, error);
    if (!error) Accepted(std::move(socket));
  }
  acceptor_.close(error);
  for (HttpSession& session : sessions_) session.Drain();
}

}  // namespace sluice
