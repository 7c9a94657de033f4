// The HTTP side of the bridge: a listener on every shard (SO_REUSEPORT), the
// stream routes, and the ops endpoints.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "bridge/access/standing.h"
#include "bridge/base/server_tls_options.h"
#include "bridge/fleet/fleet_state.h"

namespace sluice {

class Authorizer;
class Authorizers;
class Calls;
class Clock;
class Hub;
class Revocations;
class RouteTable;
class SchemaRegistry;
struct Metrics;

struct CorsPolicy {
  std::vector<std::string> origins;  // exact, or "*"; empty: no CORS headers
  bool credentials = false;
  std::vector<std::string> headers = {"Authorization", "Cache-Control", "Content-Type",
                                      "Last-Event-ID"};
  std::vector<std::string> exposed_headers;
  absl::Duration max_age = absl::Minutes(10);
};

struct HttpOptions {
  std::string listen = "127.0.0.1:8080";  // port 0: a free one
  std::string ops_listen;                 // empty: on `listen`
  std::optional<ServerTlsOptions> tls;    // of `listen`
  std::optional<ServerTlsOptions> ops_tls;
  std::string service_name = "sluice";
  CorsPolicy cors;
  std::vector<std::string> credential_query_parameters = {"token"};
  std::vector<std::string> credential_cookies;
  bool demo_page = false;       // serve `/`
  bool public_stats = false;    // /v1/stats on `listen`
  bool public_asyncapi = true;  // /asyncapi.json and .yaml on `listen`
  absl::Duration request_timeout = absl::Seconds(10);
  absl::Duration idle_timeout = absl::Seconds(60);
  absl::Duration write_timeout = absl::Seconds(60);
  uint32_t header_bytes_max = 16 * 1024;
  uint32_t target_bytes_max = 8 * 1024;
  uint32_t topics_per_subscriber_max = 64;
  uint32_t sessions_max = 0;              // 0: from the open-file limit
  uint32_t sessions_per_address_max = 0;  // 0: no limit
  uint32_t sessions_per_subject_max = 0;  // 0: no limit
  // In a second, on average. 0: no limit.
  uint32_t new_sessions_per_address_max = 0;
  uint32_t new_sessions_per_subject_max = 0;
  // Addresses and networks; valid.
  std::vector<std::string> trusted_proxies;
};

// A call that the bridge keeps open by itself, for statistics.
struct SourceStatistics {
  std::string name;
  bool connected = false;
  uint64_t events = 0;
  uint64_t failures = 0;
};

// What the endpoints need of the rest; everything outlives the server.
struct HttpContext {
  const RouteTable* routes = nullptr;
  Hub* hub = nullptr;
  Authorizer* authorizer = nullptr;        // of routes that name none
  Authorizer* stats_authorizer = nullptr;  // who may read statistics
  // Where routes find those that they name; null: none names any.
  const Authorizers* authorizers = nullptr;
  StandingPolicy standing;
  Revocations* revocations = nullptr;  // null: nothing is taken back
  const Clock* clock = nullptr;
  Metrics* metrics = nullptr;
  // For routes with a call; null: there are none.
  Calls* relay = nullptr;
  SchemaRegistry* schema = nullptr;
  std::function<std::vector<SourceStatistics>()> sources;  // null: none
  std::function<std::optional<FleetState>()> fleet;        // null: there is none
  // OK, or why the bridge is not ready now (draining, event log away).
  std::function<absl::Status()> readiness;
  // The AsyncAPI document, as JSON or YAML.
  std::function<std::string(bool as_yaml)> async_api;
  absl::Time started_at;
  std::string version;
};

class HttpServer {
 public:
  HttpServer(HttpOptions options, HttpContext context);
  ~HttpServer();

  // Binds (exclusively first: a second process on the port is an error), then
  // accepts on every shard. The hub need not run yet.
  absl::Status Listen();
  // The real "address:port", once listening. The second is empty when the ops
  // endpoints share the first.
  std::string address() const;
  std::string ops_address() const;

  // No new connections, no new streams; requests under way are finished, idle
  // connections closed. Ops endpoints with an address of their own go on. Any
  // thread.
  void StopAccepting();
  // Open ones, streams included, those to `ops_address` not. Any thread.
  uint32_t connections() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice
