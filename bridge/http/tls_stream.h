// The server's side of TLS on a non-blocking socket, without what asio::ssl::stream holds
// while a connection is idle: OpenSSL gives its buffers back between records.
//
// What OpenSSL writes is always taken: what the socket does not take is kept here, as it
// goes over the wire. So writing never has to be repeated with the same bytes, whatever a
// stream has to say next, and reading or shaking hands never waits for writing.
#pragma once

#include <openssl/types.h>
#include <sys/uio.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "boost/system/error_code.hpp"
#include "bridge/base/certificate_validity.h"

namespace sluice {

struct FreeTls {
  void operator()(SSL* tls) const;
};
using TlsPtr = std::unique_ptr<SSL, FreeTls>;

class TlsStream {
 public:
  using Error = boost::system::error_code;

  // The socket outlives it.
  TlsStream(TlsPtr tls, int socket);
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  // As in Transport.
  void Handshake(Error& error);
  size_t Write(std::span<const iovec> buffers, Error& error);
  size_t Read(std::span<char> bytes, Error& error);
  void Shutdown();

  // Bytes that the socket did not take.
  bool pending() const { return !unsent_.empty(); }
  // Bytes that came and were not asked for yet.
  bool readable() const;
  // Off the socket, with what TLS itself has to say.
  uint64_t bytes_received() const { return bytes_received_; }
  // Of the client's certificate, which was verified; none: it has shown none.
  // INVALID_ARGUMENT: as of CertificateNames.
  absl::StatusOr<std::vector<std::string>> certificate_names() const;
  // Always, where it has shown none.
  CertificateValidity certificate_validity() const;
  // Why the handshake failed, in OpenSSL's words.
  const std::string& failure() const { return failure_; }
  // It failed because the client speaks HTTP without TLS.
  bool met_plain_http() const { return met_plain_http_; }

 private:
  friend struct SocketBio;

  bool Flush(Error& error);
  Error ErrorOf(int result);
  // For OpenSSL.
  int Send(const char* bytes, size_t count);
  int Receive(char* bytes, size_t count, bool* again);

  const int socket_;
  bool broken_ = false;  // nothing more can be said over it
  bool eof_ = false;
  bool met_plain_http_ = false;
  int system_error_ = 0;
  uint64_t bytes_received_ = 0;
  std::string unsent_;
  size_t unsent_from_ = 0;
  std::string failure_;
  const TlsPtr tls_;
};

}  // namespace sluice
