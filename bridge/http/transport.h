// The bytes of one connection: of a socket, or of TLS on it. Nothing here waits: where a
// call could not do it all, the socket is to be waited for.
#pragma once

#include <sys/uio.h>

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "boost/asio/basic_stream_socket.hpp"
#include "boost/asio/io_context.hpp"
#include "boost/asio/ip/tcp.hpp"
#include "boost/asio/post.hpp"
#include "bridge/http/tls_stream.h"

namespace sluice {

using TcpSocket =
    boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

// On the thread of its socket.
class Transport {
 public:
  using Error = boost::system::error_code;

  // Plain where `tls` is null.
  explicit Transport(TcpSocket socket, TlsPtr tls = nullptr);
  Transport(Transport&&) noexcept = default;

  // TLS: before anything is read or written. `would_block`: call it again when the socket
  // may be written (if `pending`) or read.
  void Handshake(Error& error);

  // How much was taken, in order. All of it may have been taken and yet not be on its way:
  // then it is `pending`, goes first at the next call (which may bring nothing), and is 16
  // KiB at most, as no more is taken before. An error other than `would_block` is the end.
  size_t WriteSome(std::span<const iovec> buffers, Error& error);
  // `eof`: the other side is done. `would_block`: there is nothing now.
  size_t ReadSome(std::span<char> bytes, Error& error);
  // No more will be written: says so to the other side. Call it again once nothing is
  // `pending`.
  void Shutdown();

  // Whether something may be read at once.
  bool readable();
  bool pending() const { return tls_ != nullptr && tls_->pending(); }
  // TLS: how much came over the wire, with what TLS itself has to say.
  uint64_t wire_bytes_received() const { return tls_ == nullptr ? 0 : tls_->bytes_received(); }
  bool secure() const { return tls_ != nullptr; }
  // For what TLS itself knows.
  const TlsStream& tls() const { return *tls_; }
  // From here on without TLS.
  void DropTls() { tls_ = nullptr; }

  // To be waited for, cancelled and closed; read and written only here.
  TcpSocket& socket() { return socket_; }
  // Like its async_wait, and for what has been read off the socket already, too.
  template <typename Handler>
  void AwaitReadable(Handler handler) {
    if (tls_ != nullptr && tls_->readable()) {
      boost::asio::post(socket_.get_executor(),
                        [handler = std::move(handler)]() mutable { handler(Error()); });
    } else {
      socket_.async_wait(TcpSocket::wait_read, std::move(handler));
    }
  }

 private:
  TcpSocket socket_;
  std::unique_ptr<TlsStream> tls_;
};

}  // namespace sluice
