// One SSE stream on a socket, from its response head to its close: a plain
// object, because tens of thousands of them wait at once. Lives on its shard's
// thread and ends itself.
#pragma once

#include <memory>
#include <string>

#include "absl/time/time.h"
#include "boost/asio/basic_stream_socket.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "bridge/hub/subscription.h"
#include "bridge/route/route.h"

namespace sluice {

using TcpSocket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

struct SseSessionInit {
  const Route* route = nullptr;  // outlives the session
  SubscriptionSpec subscription;
  // Status line and header fields, ready to send, with the empty line.
  std::string head;
  bool chunked = true;  // false: HTTP/1.0, ends with the connection
  std::string subject;
  std::string peer_address;
  absl::Time expires_at = absl::InfiniteFuture();
  absl::Duration write_timeout = absl::Seconds(60);
  // Released when the session is gone (what counts it against a bound).
  std::shared_ptr<void> lease;
};

// On the shard's thread. The socket must have been made on the shard's context.
void StartSseSession(Shard& shard, TcpSocket socket, SseSessionInit init);

}  // namespace sluice
