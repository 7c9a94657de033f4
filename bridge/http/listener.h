// Accepts connections on one shard.
#pragma once

#include <memory>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "boost/asio/awaitable.hpp"
#include "boost/asio/basic_socket_acceptor.hpp"
#include "boost/intrusive/list.hpp"
#include "bridge/http/http_services.h"
#include "bridge/http/http_session.h"

namespace sluice {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;

  Listener(std::shared_ptr<HttpServices> services, Shard& shard, Surface surface);

  // The first listener of an address takes it for itself, so that a second
  // process fails here, and shares it only then; answers the real port.
  absl::StatusOr<Endpoint> ListenFirst(const Endpoint& endpoint);
  // One more on an address that this process has.
  absl::Status ListenToo(const Endpoint& endpoint);

  void Start();
  // Any thread. What waits to be accepted still is, and told to go elsewhere;
  // idle connections are closed, the others after their request. Takes the
  // listener along, because it must end on its shard's thread.
  static void Stop(std::shared_ptr<Listener> self);

 private:
  using Acceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp,
                                                      boost::asio::io_context::executor_type>;

  static boost::asio::awaitable<void> Run(std::shared_ptr<Listener> self);
  void Accepted(TcpSocket socket);
  // Takes the place of a connection that has waited long for its client; nothing: there is
  // none.
  std::optional<SessionBound::Lease> MakeRoom();
  void Drain();

  const std::shared_ptr<HttpServices> services_;
  Shard& shard_;
  const Surface surface_;
  const TlsContext* const tls_;  // null: none
  Acceptor acceptor_;
  // About in the order in which they began to wait for their clients.
  boost::intrusive::list<HttpSession, boost::intrusive::constant_time_size<false>> sessions_;
  absl::Time crowding_told_at_ = absl::InfinitePast();
};

}  // namespace sluice
