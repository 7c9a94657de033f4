// Who outlives whom: what answers requests (http, rpc) goes first, then the
// authorizers, whose last answers still find the shards, then the relay, whose calls
// are read there, then the hub, and last the log that feeds it.
#include "bridge/server/server.h"

#include <atomic>
#include <future>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "bridge/access/revocations.h"
#include "bridge/base/clock.h"
#include "bridge/base/log.h"
#include "bridge/base/metrics.h"
#include "bridge/event_log/stoppable.h"
#include "bridge/fleet/node.h"
#include "bridge/hub/disconnecting.h"
#include "bridge/hub/hub.h"
#include "bridge/hub/subscriber_id.h"
#include "bridge/relay/relay.h"
#include "bridge/schema/ingest.h"
#include "bridge/schema/schema_watch.h"
#include "bridge/server/async_api_document.h"
#include "bridge/server/event_logs.h"
#include "bridge/server/fleets.h"
#include "bridge/server/revocation_followers.h"

namespace sluice {
namespace {

// What drained clients are told to wait before they come back; each as much
// again at most.
constexpr uint32_t kDrainRetryMs = 1000;
// Of the id of a member of a fleet, in those of its subscribers.
constexpr size_t kTagDigits = 8;
constexpr absl::Duration kDrainPoll = absl::Milliseconds(10);

}  // namespace

const char kVersion[] = SLUICE_VERSION;

AsyncApiInfo AsyncApiInfoOf(const ServerOptions& options, std::string host) {
  return {.title = options.http.service_name,
          .version = kVersion,
          .host = std::move(host),
          .secure = options.http.tls.has_value(),
          .credential_query_parameters = options.http.credential_query_parameters,
          .credential_cookies = options.http.credential_cookies};
}

struct Server::Parts {
  Parts(ServerOptions server_options, std::unique_ptr<EventLog> log)
      : options(std::move(server_options)),
        transcoder(options.schema),
        ingest(transcoder, clock, options.events_per_publish_max),
        event_log(std::move(log)),
        hub(options.shards, options.shard, *event_log, clock, metrics),
        relay(options.relay, MakeRelayContext()),
        authorizers(MakeAuthorizers(options.authorizers, clock, revocations)),
        async_api(options.routes, options.schema),
        http(options.http, MakeHttpContext()),
        rpc(options.rpc, MakeRpcContext()) {}

  ~Parts() {
    revocation_followers.clear();
    rpc.Shutdown(absl::Now());
    fleet->Leave();
    relay.Stop();
    hub.Stop();
    // Whom it still answers is there until the end of this.
    if (auto* log = dynamic_cast<Stoppable*>(event_log.get())) log->Stop();
  }

  NodeContext MakeNodeContext() {
    return {.hub = &hub,
            .log = event_log.get(),
            .disconnects = &disconnects,
            .clock = &clock,
            .metrics = &metrics,
            .started_at = started_at,
            .version = kVersion};
  }

  NatsFleetContext MakeFleetContext() {
    return {.node = &node,
            .hub = &hub,
            .disconnects = &disconnects,
            .revocations = &revocations,
            .metrics = &metrics};
  }

  RelayContext MakeRelayContext() {
    return {.hub = &hub,
            .log = event_log.get(),
            .schema = options.schema.get(),
            .transcoder = &transcoder,
            .ingest = &ingest,
            .clock = &clock,
            .metrics = &metrics};
  }

  HttpContext MakeHttpContext() {
    return {
        .routes = options.routes.get(),
        .hub = &hub,
        .authorizer = &authorizers->Find(""),
        .stats_authorizer = &authorizers->Find(options.authorizers.administration),
        .authorizers = authorizers.get(),
        .standing = options.standing,
        .revocations = &revocations,
        .clock = &clock,
        .metrics = &metrics,
        .relay = &relay,
        .schema = options.schema.get(),
        .sources = [this] { return SourceStates(); },
        .fleet = [this] { return fleet->State(); },
        .readiness = [this] { return Readiness(); },
        .async_api = [this](bool as_yaml) { return as_yaml ? async_api.yaml() : async_api.json(); },
        .started_at = started_at,
        .version = kVersion};
  }

  RpcContext MakeRpcContext() {
    const AuthorizersOptions& asked = options.authorizers;
    return {
        .hub = &hub,
        .log = event_log.get(),
        .authorizer = &authorizers->Find(asked.subscribing),
        .publish_authorizer = &authorizers->Find(asked.publishing),
        .admin_authorizer = &authorizers->Find(asked.administration),
        .reflection_authorizer = asked.reflection ? &authorizers->Find(*asked.reflection) : nullptr,
        .standing = options.standing,
        .revocations = &revocations,
        .fleet = fleet.get(),
        .ingest = &ingest,
        .schema = options.schema,
        .clock = &clock,
        .metrics = &metrics};
  }

  std::vector<SourceStatistics> SourceStates() const {
    std::vector<SourceStatistics> states;
    for (Relay::SourceState& source : relay.sources()) {
      states.push_back({std::move(source.name), source.connected, source.events, source.failures});
    }
    return states;
  }

  absl::Status Readiness() const {
    return draining ? absl::UnavailableError("draining") : event_log->Health();
  }

  const ServerOptions options;
  const Clock& clock = Clock::System();
  const absl::Time started_at = clock.Now();
  std::atomic<bool> draining{false};
  Metrics metrics;
  Revocations revocations;
  const JsonTranscoder transcoder;
  const Ingest ingest;
  const std::unique_ptr<EventLog> event_log;
  Hub hub;
  LocalDisconnects disconnects{hub, revocations};
  const Node node{MakeNodeContext()};
  const std::unique_ptr<Fleet> fleet = MakeFleet(options.fleet, MakeFleetContext());
  Relay relay;
  const std::unique_ptr<Authorizers> authorizers;
  AsyncApiDocument async_api;
  HttpServer http;
  RpcServer rpc;
  std::optional<SchemaWatch> schema_watch;
  std::vector<std::unique_ptr<RevocationFollower>> revocation_followers;
};

absl::StatusOr<std::unique_ptr<Server>> Server::Make(ServerOptions options) {
  auto event_log = MakeEventLog(options.event_log, Clock::System());
  if (!event_log.ok()) return event_log.status();
  return std::unique_ptr<Server>(
      new Server(std::make_unique<Parts>(std::move(options), *std::move(event_log))));
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Server::~Server() = default;

absl::Status Server::Start() {
  Parts& parts = *parts_;
  if (parts.options.dev) {
    log::Warning("--dev: EVERY TOPIC IS OPEN to everybody on this machine, to read and to write");
  }
  parts.event_log->Start(&parts.hub);
  if (absl::Status status = parts.http.Listen(); !status.ok()) return status;
  if (absl::Status status = parts.fleet->Join(FleetNameOf(parts.http.address())); !status.ok()) {
    return status;
  }
  if (const auto fleet = parts.fleet->State()) {
    TellSubscriberIdsApartBy(fleet->id.substr(0, kTagDigits));
  }
  if (absl::Status status = parts.rpc.Start(); !status.ok()) return status;
  const auto refresh = [&parts, info = AsyncApiInfoOf(parts.options, parts.http.address())] {
    parts.async_api.Refresh(info);
  };
  refresh();
  parts.hub.Start();
  parts.relay.Start();
  parts.revocation_followers = FollowRevocations(
      parts.options.authorizers, parts.fleet->disconnects(), parts.revocations, parts.hub);
  parts.schema_watch.emplace(parts.options.schema, refresh);
  parts.rpc.SetServing(true);
  const std::string ops = parts.http.ops_address();
  log::Info("ready", {{"http", parts.http.address()},
                      {"grpc", parts.rpc.address()},
                      {"ops", ops.empty() ? parts.http.address() : ops},
                      {"shards", parts.options.shards},
                      {"version", kVersion}});
  return absl::OkStatus();
}

void Server::Drain() {
  Parts& parts = *parts_;
  const absl::Time began = absl::Now();
  const absl::Time deadline = began + parts.options.drain_timeout;
  const uint64_t streams = parts.hub.subscribers();
  parts.draining = true;
  parts.rpc.SetServing(false);
  parts.http.StopAccepting();
  // A shard gets to this after it has accepted whoever waited for it.
  const auto told = std::make_shared<std::promise<void>>();
  parts.hub.Visit([](Shard& shard) { shard.Drain(kDrainRetryMs); }, [told] { told->set_value(); });
  told->get_future().wait_until(absl::ToChronoTime(deadline));
  log::Info("draining",
            {{"streams", streams}, {"timeout", absl::FormatDuration(parts.options.drain_timeout)}});
  parts.rpc.Shutdown(deadline);
  while (parts.http.connections() > 0 && absl::Now() < deadline) absl::SleepFor(kDrainPoll);
  const uint32_t cut = parts.http.connections();
  parts.fleet->Leave();
  parts.relay.Stop();
  parts.hub.Stop();
  log::Info("drained", {{"cut", cut}, {"seconds", absl::ToDoubleSeconds(absl::Now() - began)}});
}

}  // namespace sluice
