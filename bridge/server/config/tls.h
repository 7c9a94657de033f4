// TLS of a listener: `http.tls`, `http.ops_tls`, `grpc.tls`.
#pragma once

#include <optional>
#include <string>

#include "bridge/base/server_tls_options.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class ServerTls;
}

namespace sluice {

// What `tls`, at `path`, says. Paths in it begin at `folder`, that of the configuration
// file. Reads the files, and checks that they fit together.
std::optional<ServerTlsOptions> BuildServerTls(const config::v1::ServerTls& tls,
                                               const std::string& path, const std::string& folder,
                                               Findings* findings);

}  // namespace sluice
