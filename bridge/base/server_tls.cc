#include "bridge/base/server_tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "absl/strings/str_cat.h"
#include "bridge/base/certificate_validity.h"
#include "bridge/base/freed.h"
#include "bridge/base/read_file.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

constexpr size_t kClientCertificateBytesMax = 32 * 1024;
// RSA from 2,048 bits, elliptic curves from 224, no SHA-1.
constexpr int kSecurityLevel = 2;
constexpr char kCiphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
constexpr unsigned char kSessionContext[] = "sluice";

using BioPtr = Freed<BIO, BIO_free>;
using CertificatePtr = Freed<X509, X509_free>;
using KeyPtr = Freed<EVP_PKEY, EVP_PKEY_free>;

BioPtr Reader(const std::string& pem) {
  return BioPtr(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

absl::Status Fault(absl::string_view setting, absl::string_view what) {
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(setting, ": ", what));
}

// With what OpenSSL has to say on it.
absl::Status LibraryFault(absl::string_view setting, absl::string_view what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return Fault(setting, absl::StrCat(what, reason == nullptr ? "" : absl::StrCat(": ", reason)));
}

absl::StatusOr<std::string> Read(absl::string_view setting, const std::string& file) {
  absl::StatusOr<std::string> text = ReadFile(file, kTlsFileBytesMax);
  if (!text.ok()) return Fault(setting, absl::StrCat(file, " ", text.status().message()));
  return text;
}

// Nobody is asked for a passphrase: there may be no terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

absl::StatusOr<std::vector<CertificatePtr>> Certificates(absl::string_view setting,
                                                         const std::string& file,
                                                         const std::string& pem) {
  const BioPtr reader = Reader(pem);
  std::vector<CertificatePtr> certificates;
  for (;;) {
    CertificatePtr next(PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr));
    if (next == nullptr) break;
    certificates.push_back(std::move(next));
  }
  const unsigned long error = ERR_peek_last_error();
  const bool at_end =
      ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return LibraryFault(setting, absl::StrCat(file, " holds a broken certificate"));
  ERR_clear_error();
  if (certificates.empty()) {
    return Fault(setting, absl::StrCat(file, " holds no certificate in PEM"));
  }
  return certificates;
}

absl::Status UseCertificates(SSL_CTX& context, const ServerTlsOptions& options,
                             const ServerTlsFiles& files) {
  const auto chain = Certificates("certificate_file", options.certificate_file, files.certificates);
  if (!chain.ok()) return chain.status();
  const auto refused = [&] {
    return LibraryFault("certificate_file",
                        absl::StrCat(options.certificate_file, " cannot be used"));
  };
  if (SSL_CTX_use_certificate(&context, chain->front().get()) != 1) return refused();
  for (size_t i = 1; i < chain->size(); ++i) {
    if (SSL_CTX_add1_chain_cert(&context, (*chain)[i].get()) != 1) return refused();
  }
  return absl::OkStatus();
}

absl::Status UseKey(SSL_CTX& context, const ServerTlsOptions& options,
                    const ServerTlsFiles& files) {
  const BioPtr reader = Reader(files.key);
  const KeyPtr key(PEM_read_bio_PrivateKey(reader.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr) {
    return LibraryFault("key_file", absl::StrCat(options.key_file,
                                                 " holds no private key in PEM that can be read "
                                                 "without a passphrase"));
  }
  if (X509_check_private_key(SSL_CTX_get0_certificate(&context), key.get()) != 1) {
    return Fault("key_file",
                 absl::StrCat(options.key_file, " is not the key of the certificate in ",
                              options.certificate_file));
  }
  if (SSL_CTX_use_PrivateKey(&context, key.get()) != 1) {
    return LibraryFault("key_file", absl::StrCat(options.key_file, " cannot be used"));
  }
  return absl::OkStatus();
}

absl::Status UseClientCa(SSL_CTX& context, const ServerTlsOptions& options,
                         const ServerTlsFiles& files) {
  if (options.client_certificates == ClientCertificates::kNone) return absl::OkStatus();
  if (options.client_ca_file.empty()) {
    return Fault("client_ca_file", "is needed to verify the certificates of clients");
  }
  const auto authorities = Certificates("client_ca_file", options.client_ca_file, files.client_ca);
  if (!authorities.ok()) return authorities.status();
  for (const CertificatePtr& authority : *authorities) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(&context), authority.get()) != 1 ||
        SSL_CTX_add_client_CA(&context, authority.get()) != 1) {
      return LibraryFault("client_ca_file",
                          absl::StrCat(options.client_ca_file, " cannot be used"));
    }
  }
  const bool required = options.client_certificates == ClientCertificates::kRequired;
  SSL_CTX_set_verify(&context, SSL_VERIFY_PEER | (required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     nullptr);
  SSL_CTX_set_max_cert_list(&context, kClientCertificateBytesMax);
  // A ticket would outlive what is believed now: every connection shows its certificate.
  SSL_CTX_set_options(&context, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(&context, 0);
  return absl::OkStatus();
}

TlsContextPtr NewContext() {
  TlsContextPtr context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) return nullptr;
  SSL_CTX_set_security_level(context.get(), kSecurityLevel);
  // Which of them is left to the client, which knows what its processor is quick at.
  if (SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_max_proto_version(context.get(), 0) != 1 ||
      SSL_CTX_set_cipher_list(context.get(), kCiphers) != 1) {
    return nullptr;
  }
  // (A connection that ends without a word of goodbye has ended: HTTP says by itself
  // whether something is missing.)
  SSL_CTX_set_options(context.get(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                         SSL_OP_IGNORE_UNEXPECTED_EOF);
  // An idle connection gives its buffers back.
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_OFF);
  SSL_CTX_set_session_id_context(context.get(), kSessionContext, sizeof(kSessionContext));
  return context;
}

}  // namespace

std::vector<std::string> FilesOf(const ServerTlsOptions& options) {
  std::vector<std::string> files = {options.certificate_file, options.key_file};
  if (!options.client_ca_file.empty()) files.push_back(options.client_ca_file);
  return files;
}

absl::StatusOr<ServerTlsFiles> ReadServerTls(const ServerTlsOptions& options) {
  ServerTlsFiles files;
  auto certificates = Read("certificate_file", options.certificate_file);
  if (!certificates.ok()) return certificates.status();
  files.certificates = *std::move(certificates);
  auto key = Read("key_file", options.key_file);
  if (!key.ok()) return key.status();
  files.key = *std::move(key);
  if (!options.client_ca_file.empty()) {
    auto client_ca = Read("client_ca_file", options.client_ca_file);
    if (!client_ca.ok()) return client_ca.status();
    files.client_ca = *std::move(client_ca);
  }
  const auto context = MakeTlsContext(options, files);
  if (!context.ok()) return context.status();
  files.expires_at = ValidityOf(*SSL_CTX_get0_certificate(context->get())).until;
  return files;
}

absl::StatusOr<TlsContextPtr> MakeTlsContext(const ServerTlsOptions& options,
                                             const ServerTlsFiles& files) {
  ERR_clear_error();
  TlsContextPtr context = NewContext();
  if (context == nullptr) return LibraryFault("certificate_file", "OpenSSL offers no TLS 1.2");
  if (absl::Status status = UseCertificates(*context, options, files); !status.ok()) return status;
  if (absl::Status status = UseKey(*context, options, files); !status.ok()) return status;
  if (absl::Status status = UseClientCa(*context, options, files); !status.ok()) return status;
  return context;
}

}  // namespace sluice
