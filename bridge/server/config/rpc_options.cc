#include "bridge/server/config/rpc_options.h"

#include "bridge/server/config/setting_checks.h"
#include "bridge/server/config/tls.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {

void SetRpcOptions(const config::v1::Grpc& grpc, const std::string& folder, RpcOptions* options,
                   Findings* findings) {
  if (grpc.has_reflection()) options->reflection = grpc.reflection();
  if (grpc.has_admin()) options->admin = grpc.admin();
  if (grpc.has_tls()) options->tls = BuildServerTls(grpc.tls(), "grpc.tls", folder, findings);
  SetNumber(grpc.has_connections(), grpc.connections(), "grpc.connections",
            &options->connections_max, findings);
}

}  // namespace sluice
