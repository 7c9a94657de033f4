// The TLS files of the connections that the bridge opens over gRPC, to authorizers and backends.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "bridge/access/client_tls_options.h"

namespace sluice {

// Files in PEM; empty where there is none.
struct ClientTlsFiles {
  std::string ca_file;
  std::string certificate_file;
  std::string key_file;
};

// INVALID_ARGUMENT names the setting first: "ca_file: …".
absl::StatusOr<ClientTlsOptions> ReadClientTls(const ClientTlsFiles& files);

}  // namespace sluice
