// The files of a TLS listener, read and put together.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/base/server_tls_options.h"

namespace sluice {

// Of each of the files. (A system's whole store of certificates has a quarter of it.)
inline constexpr size_t kTlsFileBytesMax = 1 << 20;

// What stands in them.
struct ServerTlsFiles {
  std::string certificates;
  std::string key;
  std::string client_ca;  // empty: there is no such file
  absl::Time expires_at;  // of the certificate
};

// The files to watch, the optional one only where it is set.
std::vector<std::string> FilesOf(const ServerTlsOptions& options);

// Reads them all, and checks that they can be used together. The status names the setting
// first: "key_file: k.pem cannot be read: Permission denied".
absl::StatusOr<ServerTlsFiles> ReadServerTls(const ServerTlsOptions& options);

using TlsContextPtr = std::shared_ptr<SSL_CTX>;

// What connections are made of; errors as above. TLS 1.2 and 1.3, forward secrecy and
// authenticated encryption only, no renegotiation, no compression, no early data, no memory
// of sessions. Any number of threads may make connections of one.
absl::StatusOr<TlsContextPtr> MakeTlsContext(const ServerTlsOptions& options,
                                             const ServerTlsFiles& files);

}  // namespace sluice
