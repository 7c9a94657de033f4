// TLS of a listener, as it is configured.
#pragma once

#include <string>

namespace sluice {

enum class ClientCertificates {
  kNone,      // not asked for
  kOptional,  // verified where one is shown
  kRequired,
};

// All files are PEM.
struct ServerTlsOptions {
  std::string certificate_file;  // the certificate, then those that lead to its root
  std::string key_file;
  std::string client_ca_file;  // empty: none; needed unless `client_certificates` is kNone
  ClientCertificates client_certificates = ClientCertificates::kNone;
};

}  // namespace sluice
