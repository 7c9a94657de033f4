// The gRPC side of the bridge: Publisher, Subscriber, Admin, health and
// reflection on one port.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "bridge/access/standing.h"
#include "bridge/base/server_tls_options.h"

namespace sluice {

class Authorizer;
class Clock;
class Connections;
class EventLog;
class Fleet;
class Hub;
class Ingest;
class Revocations;
class SchemaRegistry;
struct Metrics;

struct RpcOptions {
  std::string listen = "127.0.0.1:9090";  // port 0: a free one
  std::optional<ServerTlsOptions> tls;
  bool reflection = true;
  bool admin = true;
  bool authorize_publishing = false;
  uint32_t topics_per_subscriber_max = 64;
  uint32_t publish_bytes_max = 4 * 1024 * 1024;
  uint32_t subscribers_max = 10'000;  // Subscribe calls at once
  uint32_t connections_max = 10'000;  // and a quarter of the open files at most
  // For a connection to become one that calls can be made on, TLS and HTTP/2 included.
  absl::Duration handshake_timeout = absl::Seconds(10);
};

// Everything outlives the server; the hub outlives the authorizer too, whose
// answers go to its threads.
struct RpcContext {
  Hub* hub = nullptr;
  EventLog* log = nullptr;
  Authorizer* authorizer = nullptr;          // of Subscribe
  Authorizer* publish_authorizer = nullptr;  // where publishing is authorized
  Authorizer* admin_authorizer = nullptr;
  Authorizer* reflection_authorizer = nullptr;  // null: reflection is open
  StandingPolicy standing;
  Revocations* revocations = nullptr;  // null: nothing is taken back
  Fleet* fleet = nullptr;              // of Admin
  const Ingest* ingest = nullptr;
  std::shared_ptr<SchemaRegistry> schema;  // served by reflection; asked for unknown types
  const Clock* clock = nullptr;
  Metrics* metrics = nullptr;
  Connections* connections = nullptr;  // the server's own
};

class RpcServer {
 public:
  RpcServer(RpcOptions options, RpcContext context);
  ~RpcServer();

  // UNAVAILABLE: the address could not be bound. INVALID_ARGUMENT: the TLS files cannot
  // be used.
  absl::Status Start();
  // The real "address:port".
  std::string address() const;

  // What grpc.health.v1 answers. Any thread.
  void SetServing(bool serving);
  // No new connections and calls; waits for those under way until `deadline`, then cancels. The
  // hub runs until it returns.
  void Shutdown(absl::Time deadline);

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice
