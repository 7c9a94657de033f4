// Everything the bridge is made of, built whole from the configuration.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/access/standing.h"
#include "bridge/base/log.h"
#include "bridge/fleet/fleet_options.h"
#include "bridge/http/http_server.h"
#include "bridge/hub/shard.h"
#include "bridge/relay/relay.h"
#include "bridge/route/route_table.h"
#include "bridge/rpc/rpc_server.h"
#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"
#include "bridge/server/authorizers.h"
#include "bridge/server/config/event_logs.h"
#include "bridge/server/config/findings.h"
#include "bridge/server/config/flags.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

struct ServerOptions {
  log::Level log_level = log::Level::kInfo;
  log::Format log_format = log::Format::kText;
  bool dev = false;
  HttpOptions http;
  RpcOptions rpc;
  EventLogOptions event_log;
  AuthorizersOptions authorizers;
  StandingPolicy standing;
  std::optional<FleetOptions> fleet;
  uint32_t shards = 1;
  ShardOptions shard;
  JsonOptions json;
  uint32_t events_per_publish_max = 1000;
  absl::Duration drain_timeout = absl::Seconds(10);
  std::shared_ptr<SchemaRegistry> schema;
  RelayOptions relay;
  std::shared_ptr<const RouteTable> routes;
};

// Makes a registry of descriptor set files.
using LoadSchema = std::function<absl::StatusOr<std::shared_ptr<SchemaRegistry>>(
    const std::vector<std::string>& files, const JsonOptions& options)>;
absl::StatusOr<std::shared_ptr<SchemaRegistry>> LoadSchemaFiles(
    const std::vector<std::string>& files, const JsonOptions& options);

// Checks everything that can be checked without starting; the result is of use
// only when `findings` has no errors. `load_schema` is most of the work: who builds often may
// have one ready.
ServerOptions BuildServerOptions(const config::v1::Config& config, const Flags& flags,
                                 Findings* findings,
                                 const LoadSchema& load_schema = LoadSchemaFiles);

}  // namespace sluice
