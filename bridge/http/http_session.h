// One HTTP connection, from its first byte until it closes or becomes a stream.
// A coroutine reads its requests one after another; when a stream is granted,
// the socket goes to an SSE session and everything here is released.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "boost/asio/awaitable.hpp"
#include "boost/asio/basic_waitable_timer.hpp"
#include "boost/intrusive/list_hook.hpp"
#include "bridge/http/endpoints.h"
#include "bridge/http/http_services.h"
#include "bridge/http/request_head.h"
#include "bridge/http/topic_session.h"

namespace sluice {

// Lives on its shard's thread. In its listener's list for as long as it lives.
class HttpSession : public std::enable_shared_from_this<HttpSession>,
                    public boost::intrusive::list_base_hook<
                        boost::intrusive::link_mode<boost::intrusive::auto_unlink>> {
 public:
  HttpSession(std::shared_ptr<HttpServices> services, Shard& shard, Surface surface,
              Transport transport, SessionBound::Lease connection);

  void Start();
  // Ends after the request under way, now if there is none.
  void Drain();
  // Makes room for another connection: closes at once, if it only waits for what its client
  // sends, and hands over what counted it against a bound. Nothing: it is busy.
  std::optional<SessionBound::Lease> GiveUp();

 private:
  static boost::asio::awaitable<void> Run(std::shared_ptr<HttpSession> self);
  // These answer whether the connection goes on.
  boost::asio::awaitable<bool> Handshake();
  boost::asio::awaitable<bool> ReadHead();
  boost::asio::awaitable<bool> ReadBody();
  boost::asio::awaitable<bool> Answer();
  boost::asio::awaitable<bool> ReadMore();
  boost::asio::awaitable<bool> Write(std::string_view bytes);
  boost::asio::awaitable<bool> WaitFor(TcpSocket::wait_type what);

  boost::asio::awaitable<void> Refuse(Refusal refusal);
  boost::asio::awaitable<void> RefuseHandshake();
  boost::asio::awaitable<void> RefuseLate();
  // Closes so that what was written arrives even when bytes come in unread.
  boost::asio::awaitable<void> Close();
  // Hands everything over to a stream; false: the client has sent too much to get one.
  bool PrepareStream(SseSessionInit& session);
  void SetDeadline(std::chrono::nanoseconds from_now);
  // Ops endpoints with an address of their own answer until the end.
  bool draining() const { return services_->draining && surface_ != Surface::kOps; }

  const std::shared_ptr<HttpServices> services_;
  Shard& shard_;
  const Surface surface_;
  Transport transport_;
  boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                    boost::asio::wait_traits<std::chrono::steady_clock>,
                                    boost::asio::io_context::executor_type>
      deadline_;
  SessionBound::Lease connection_;
  Peer peer_;
  std::string buffer_;  // what came in and was not used yet
  RequestHead head_;
  std::string body_;     // of a request that may mean something by it
  bool idle_ = false;    // between requests
  bool waiting_ = true;  // for its client to send a request
  bool first_ = true;    // its first request has not come whole
  bool timed_out_ = false;
};

}  // namespace sluice
