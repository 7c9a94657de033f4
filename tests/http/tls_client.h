// A client's side of TLS, blocking, that says exactly what a test makes it say.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <utility>

#include "tests/fakes/certificates.h"
#include "tests/http/raw_client.h"

namespace sluice {

struct TlsClientOptions {
  int version = 0;  // the only one it speaks; 0: what there is
  std::string ca;   // PEM
  TestCertificate certificate;
  std::string protocols = std::string("\x02h2\x08http/1.1", 12);
};

using ClientTlsPtr = std::unique_ptr<SSL, decltype(&SSL_free)>;

inline ClientTlsPtr NewClientTls(const TlsClientOptions& options) {
  const std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_client_method()),
                                                                  SSL_CTX_free);
  // What is too old or too weak is for the server to refuse.
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_min_proto_version(context.get(),
                                options.version != 0 ? options.version : TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), options.version);
  const auto reader = [](const std::string& pem) {
    return std::unique_ptr<BIO, decltype(&BIO_free)>(
        BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
  };
  const auto parse = [&](const std::string& pem) {
    return std::unique_ptr<X509, decltype(&X509_free)>(
        PEM_read_bio_X509(reader(pem).get(), nullptr, nullptr, nullptr), X509_free);
  };
  if (!options.ca.empty()) {
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), parse(options.ca).get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  if (!options.certificate.key.empty()) {
    SSL_CTX_use_certificate(context.get(), parse(options.certificate.certificate).get());
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
        PEM_read_bio_PrivateKey(reader(options.certificate.key).get(), nullptr, nullptr, nullptr),
        EVP_PKEY_free);
    SSL_CTX_use_PrivateKey(context.get(), key.get());
  }
  ClientTlsPtr tls(SSL_new(context.get()), SSL_free);
  if (!options.protocols.empty()) {
    SSL_set_alpn_protos(tls.get(), reinterpret_cast<const unsigned char*>(options.protocols.data()),
                        static_cast<unsigned>(options.protocols.size()));
  }
  SSL_set_connect_state(tls.get());
  return tls;
}

class TlsClient : public RawClient {
 public:
  explicit TlsClient(const std::string& address, const TlsClientOptions& options = {})
      : RawClient(address), tls_(NewClientTls(options)) {
    SSL_set_fd(tls_.get(), socket());
    handshaken_ = SSL_connect(tls_.get()) == 1;
    ERR_clear_error();
  }

  // (With TLS 1.3 a server refuses the client's certificate only after this.)
  bool handshaken() const { return handshaken_; }
  SSL* tls() { return tls_.get(); }
  std::string protocol() const {
    const unsigned char* name = nullptr;
    unsigned bytes = 0;
    SSL_get0_alpn_selected(tls_.get(), &name, &bytes);
    return {reinterpret_cast<const char*>(name), bytes};
  }
  // The serial number of the server's certificate.
  long serial() const {
    return ASN1_INTEGER_get(X509_get_serialNumber(SSL_get0_peer_certificate(tls_.get())));
  }
  // Whether the server said that it would say no more.
  bool told_goodbye() const { return (SSL_get_shutdown(tls_.get()) & SSL_RECEIVED_SHUTDOWN) != 0; }

 protected:
  ssize_t SendSome(const char* bytes, size_t count) override {
    return SSL_write(tls_.get(), bytes, static_cast<int>(count));
  }
  ssize_t ReceiveSome(char* bytes, size_t count) override {
    ERR_clear_error();
    errno = 0;
    return SSL_read(tls_.get(), bytes, static_cast<int>(count));
  }

 private:
  ClientTlsPtr tls_;
  bool handshaken_ = false;
};

}  // namespace sluice
