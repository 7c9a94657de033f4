// TLS of the gRPC port: credentials whose files may change while they are used.
//
// gRPC asks for the certificates at each handshake. (The providers of its TLS credentials
// would watch the files themselves, but 1.51 takes a pair that does not fit together for a
// reason to forget the one it has.)
#pragma once

#include <grpcpp/security/server_credentials.h>

#include <memory>

#include "absl/status/statusor.h"
#include "bridge/base/server_tls_options.h"

namespace sluice {

// Reads the files, and again when they change: what cannot be used is logged, and the
// pair before it kept. The status names the setting: "key_file: …".
absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const ServerTlsOptions& options);

}  // namespace sluice
