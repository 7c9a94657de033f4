#include "bridge/http/transport.h"

#include <sys/socket.h>

#include <cerrno>

#include "boost/asio/error.hpp"

namespace sluice {
namespace {

boost::system::error_code LastError() {
  if (errno == EAGAIN || errno == EINTR) return boost::asio::error::would_block;
  return {errno, boost::system::system_category()};
}

}  // namespace

Transport::Transport(TcpSocket socket, TlsPtr tls) : socket_(std::move(socket)) {
  if (tls == nullptr) return;
  tls_ = std::make_unique<TlsStream>(std::move(tls), socket_.native_handle());
}

void Transport::Handshake(Error& error) {
  error.clear();
  if (tls_ != nullptr) tls_->Handshake(error);
}

size_t Transport::WriteSome(std::span<const iovec> buffers, Error& error) {
  error.clear();
  if (tls_ != nullptr) return tls_->Write(buffers, error);
  constexpr int kFlags = MSG_NOSIGNAL | MSG_DONTWAIT;
  ssize_t written;
  if (buffers.size() == 1) {
    written = ::send(socket_.native_handle(), buffers[0].iov_base, buffers[0].iov_len, kFlags);
  } else {
    msghdr message{};
    message.msg_iov = const_cast<iovec*>(buffers.data());
    message.msg_iovlen = buffers.size();
    written = ::sendmsg(socket_.native_handle(), &message, kFlags);
  }
  if (written >= 0) return static_cast<size_t>(written);
  error = LastError();
  return 0;
}

size_t Transport::ReadSome(std::span<char> bytes, Error& error) {
  error.clear();
  if (tls_ != nullptr) return tls_->Read(bytes, error);
  const ssize_t count = ::recv(socket_.native_handle(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (count > 0) return static_cast<size_t>(count);
  error = count == 0 ? Error(boost::asio::error::eof) : LastError();
  return 0;
}

void Transport::Shutdown() {
  Error ignored;
  if (tls_ != nullptr) tls_->Shutdown();
  if (!pending()) socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

bool Transport::readable() {
  Error ignored;
  return (tls_ != nullptr && tls_->readable()) || socket_.available(ignored) > 0;
}

}  // namespace sluice
