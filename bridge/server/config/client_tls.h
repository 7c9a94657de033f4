// TLS of a connection that the bridge opens: `backends.NAME.tls`, `authorizer.grpc.tls`.
#pragma once

#include <string>

#include "bridge/access/client_tls_options.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class ClientTls;
}

namespace sluice {

// What `tls`, at `path`, says. Paths in it begin at `folder`, that of the configuration
// file. Reads the files, and checks that they fit together.
ClientTlsOptions BuildClientTls(const config::v1::ClientTls& tls, const std::string& path,
                                const std::string& folder, Findings* findings);

}  // namespace sluice
