#include "bridge/http/tls_stream.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "boost/asio/error.hpp"
#include "bridge/http/certificate_names.h"

namespace sluice {
namespace {

// The most that a record holds. Small frames share one.
constexpr size_t kRecordBytesMax = 16 * 1024;
// A record, and what TLS itself may say meanwhile (a client that asks again and again for
// new keys, and reads nothing, gets no further).
constexpr size_t kUnsentBytesMax = 64 * 1024;

using boost::system::error_code;

bool Again(int error) { return error == EAGAIN || error == EINTR; }

// A place in buffers, from which records are filled.
class Gathering {
 public:
  explicit Gathering(std::span<const iovec> buffers) : buffers_(buffers) {}

  // How much of `record` was filled; 0: that was all.
  size_t Fill(std::span<char> record) {
    size_t filled = 0;
    while (at_ < buffers_.size() && filled < record.size()) {
      const iovec& buffer = buffers_[at_];
      const size_t count = std::min(buffer.iov_len - from_, record.size() - filled);
      if (count > 0) {
        std::memcpy(record.data() + filled, static_cast<const char*>(buffer.iov_base) + from_,
                    count);
      }
      filled += count;
      from_ += count;
      if (from_ == buffer.iov_len) {
        ++at_;
        from_ = 0;
      }
    }
    return filled;
  }

 private:
  const std::span<const iovec> buffers_;
  size_t at_ = 0;
  size_t from_ = 0;
};

}  // namespace

// The socket, as OpenSSL sees it.
struct SocketBio {
  static TlsStream& Stream(BIO* bio) { return *static_cast<TlsStream*>(BIO_get_data(bio)); }

  static int Write(BIO* bio, const char* bytes, int count) {
    // What a read has left there would make a failure look as if it had to wait.
    BIO_clear_retry_flags(bio);
    return Stream(bio).Send(bytes, static_cast<size_t>(count));
  }

  static int Read(BIO* bio, char* bytes, int count) {
    bool again = false;
    const int received = Stream(bio).Receive(bytes, static_cast<size_t>(count), &again);
    BIO_clear_retry_flags(bio);
    if (again) BIO_set_retry_read(bio);
    return received;
  }

  static long Control(BIO* bio, int what, long, void*) {
    if (what == BIO_CTRL_EOF) return Stream(bio).eof_ ? 1 : 0;
    return what == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static const BIO_METHOD* Method() {
    static const BIO_METHOD* const kMethod = [] {
      BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "sluice");
      BIO_meth_set_write(method, Write);
      BIO_meth_set_read(method, Read);
      BIO_meth_set_ctrl(method, Control);
      return method;
    }();
    return kMethod;
  }
};

void FreeTls::operator()(SSL* tls) const { SSL_free(tls); }

TlsStream::TlsStream(TlsPtr tls, int socket) : socket_(socket), tls_(std::move(tls)) {
  BIO* bio = BIO_new(SocketBio::Method());
  BIO_set_data(bio, this);
  BIO_set_init(bio, 1);
  SSL_set_bio(tls_.get(), bio, bio);
  SSL_set_accept_state(tls_.get());
}

void TlsStream::Handshake(Error& error) {
  if (pending() && !Flush(error)) return;
  ERR_clear_error();
  const int result = SSL_do_handshake(tls_.get());
  if (result == 1) return;
  error = ErrorOf(result);
}

size_t TlsStream::Write(std::span<const iovec> buffers, Error& error) {
  if (pending() && !Flush(error)) return 0;
  // Used inside this call only.
  static thread_local std::array<char, kRecordBytesMax> record;
  Gathering gathering(buffers);
  size_t taken = 0;
  while (!pending()) {
    const size_t count = gathering.Fill(record);
    if (count == 0) break;
    size_t written = 0;
    ERR_clear_error();
    if (const int result = SSL_write_ex(tls_.get(), record.data(), count, &written); result != 1) {
      error = ErrorOf(result);
      break;
    }
    taken += written;
  }
  return taken;
}

size_t TlsStream::Read(std::span<char> bytes, Error& error) {
  size_t count = 0;
  ERR_clear_error();
  const int result = SSL_read_ex(tls_.get(), bytes.data(), bytes.size(), &count);
  if (result == 1) return count;
  error = ErrorOf(result);
  return 0;
}

void TlsStream::Shutdown() {
  Error ignored;
  if (pending()) Flush(ignored);
  const bool said = (SSL_get_shutdown(tls_.get()) & SSL_SENT_SHUTDOWN) != 0;
  if (broken_ || said || !SSL_is_init_finished(tls_.get())) return;
  ERR_clear_error();
  SSL_shutdown(tls_.get());
}

// (Not the part of a record that waits for its rest: there is nothing to read in it.)
bool TlsStream::readable() const { return SSL_pending(tls_.get()) > 0; }

absl::StatusOr<std::vector<std::string>> TlsStream::certificate_names() const {
  const X509* certificate = SSL_get0_peer_certificate(tls_.get());
  if (certificate == nullptr || SSL_get_verify_result(tls_.get()) != X509_V_OK) {
    return std::vector<std::string>();
  }
  return CertificateNames(*certificate);
}

CertificateValidity TlsStream::certificate_validity() const {
  const X509* certificate = SSL_get0_peer_certificate(tls_.get());
  return certificate == nullptr ? CertificateValidity() : ValidityOf(*certificate);
}

// True: nothing is pending any more.
bool TlsStream::Flush(Error& error) {
  while (unsent_from_ < unsent_.size()) {
    const ssize_t sent = ::send(socket_, unsent_.data() + unsent_from_,
                                unsent_.size() - unsent_from_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
      broken_ = broken_ || !Again(errno);
      error = Again(errno) ? error_code(boost::asio::error::would_block)
                           : error_code(errno, boost::system::system_category());
      return false;
    }
    unsent_from_ += static_cast<size_t>(sent);
  }
  unsent_ = std::string();
  unsent_from_ = 0;
  return true;
}

TlsStream::Error TlsStream::ErrorOf(int result) {
  const int kind = SSL_get_error(tls_.get(), result);
  if (kind == SSL_ERROR_WANT_READ) return boost::asio::error::would_block;
  if (kind == SSL_ERROR_ZERO_RETURN) return boost::asio::error::eof;
  broken_ = true;
  if (system_error_ != 0) return {system_error_, boost::system::system_category()};
  const unsigned long error = ERR_peek_error();
  if (error == 0 && eof_) return boost::asio::error::eof;
  const char* reason = ERR_reason_error_string(error);
  failure_ = reason == nullptr ? "unknown" : reason;
  met_plain_http_ =
      ERR_GET_LIB(error) == ERR_LIB_SSL && ERR_GET_REASON(error) == SSL_R_HTTP_REQUEST;
  ERR_clear_error();
  return {EPROTO, boost::system::system_category()};
}

int TlsStream::Send(const char* bytes, size_t count) {
  size_t sent = 0;
  if (!pending()) {
    const ssize_t now = ::send(socket_, bytes, count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (now < 0 && !Again(errno)) {
      system_error_ = errno;
      return -1;
    }
    if (now > 0) sent = static_cast<size_t>(now);
  }
  if (unsent_.size() - unsent_from_ + count - sent > kUnsentBytesMax) {
    system_error_ = ENOBUFS;
    return -1;
  }
  unsent_.append(bytes + sent, count - sent);
  return static_cast<int>(count);
}

int TlsStream::Receive(char* bytes, size_t count, bool* again) {
  const ssize_t received = ::recv(socket_, bytes, count, MSG_DONTWAIT);
  if (received > 0) {
    bytes_received_ += static_cast<uint64_t>(received);
  } else if (received == 0) {
    eof_ = true;
  } else if (Again(errno)) {
    *again = true;
  } else {
    system_error_ = errno;
  }
  return static_cast<int>(received);
}

}  // namespace sluice
