#include "bridge/server/config/server_options.h"

#include <algorithm>
#include <filesystem>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/server/config/access.h"
#include "bridge/server/config/authorizers.h"
#include "bridge/server/config/backends.h"
#include "bridge/server/config/client_limits.h"
#include "bridge/server/config/cors_policy.h"
#include "bridge/server/config/event_logs.h"
#include "bridge/server/config/fleet.h"
#include "bridge/server/config/json_style.h"
#include "bridge/server/config/kept_credentials.h"
#include "bridge/server/config/known_services.h"
#include "bridge/server/config/listen_address.h"
#include "bridge/server/config/plain_text.h"
#include "bridge/server/config/routes.h"
#include "bridge/server/config/rpc_options.h"
#include "bridge/server/config/setting_checks.h"
#include "bridge/server/config/sources.h"
#include "bridge/server/config/tls.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

constexpr uint32_t kJsonDepthMax = 500;
constexpr uint32_t kPublishBytesMax = 1 << 30;

class Builder {
 public:
  Builder(const config::v1::Config& config, const Flags& flags, Findings* findings,
          const LoadSchema& load_schema)
      : config_(config), flags_(flags), findings_(findings), load_schema_(load_schema) {}

  ServerOptions Build() {
    SetLog();
    SetListen("http.listen", config_.http().listen(), &options_.http.listen);
    SetListen("http.ops_listen", config_.http().ops_listen(), &options_.http.ops_listen);
    SetListen("grpc.listen", config_.grpc().listen(), &options_.rpc.listen);
    SetHttp();
    SetRpcOptions(config_.grpc(), Folder(), &options_.rpc, findings_);
    SetAccess();
    options_.event_log = BuildEventLog(config_.event_log(), Folder(), findings_);
    options_.fleet =
        BuildFleet(config_, options_.event_log, options_.standing, Folder(), findings_);
    SetHub();
    SetLimits();
    SetSchema();
    const KnownServices services = SetRelay();
    SetTime(config_.has_drain_timeout(), config_.drain_timeout(), "drain_timeout",
            &options_.drain_timeout, findings_);
    SetRoutes(services);
    WarnOfPlainText(config_, flags_.dev, findings_);
    return std::move(options_);
  }

 private:
  void SetLog();
  void SetListen(const std::string& path, const std::string& text, std::string* listen);
  void SetHttp();
  void SetHttpTls();
  void SetAccess();
  void SetHub();
  void SetLimits();
  void SetSchema();
  // Answers what routes may call.
  KnownServices SetRelay();
  void SetRoutes(const KnownServices& services);
  // Where paths in the configuration begin.
  std::string Folder() const {
    return std::filesystem::path(flags_.config_file.value_or("")).parent_path();
  }

  const config::v1::Config& config_;
  const Flags& flags_;
  Findings* findings_;
  const LoadSchema& load_schema_;
  ServerOptions options_;
};

void Builder::SetLog() {
  if (!config_.log().level().empty()) {
    const auto level = log::ParseLevel(config_.log().level());
    if (level.ok()) {
      options_.log_level = *level;
    } else {
      findings_->Error("log.level", std::string(level.status().message()));
    }
  }
  if (!config_.log().format().empty()) {
    const auto format = log::ParseFormat(config_.log().format());
    if (format.ok()) {
      options_.log_format = *format;
    } else {
      findings_->Error("log.format", std::string(format.status().message()));
    }
  }
}

void Builder::SetListen(const std::string& path, const std::string& text, std::string* listen) {
  if (text.empty()) return;
  const auto address = ParseListenAddress(text);
  if (!address.ok()) {
    findings_->Error(path, std::string(address.status().message()));
    return;
  }
  *listen = address->text;
  if (address->loopback) return;
  if (flags_.dev) {
    findings_->Error(path, absl::StrCat("--dev lets everybody read and write everything, so it "
                                        "listens on loopback addresses only, not on ",
                                        address->text));
  }
}

void Builder::SetHttp() {
  const config::v1::Http& http = config_.http();
  HttpOptions& options = options_.http;
  if (!config_.service_name().empty()) options.service_name = config_.service_name();
  options.cors = BuildCorsPolicy(http.cors(), findings_);
  options.credential_query_parameters = CredentialParameters(http.credentials());
  options.credential_cookies.assign(http.credentials().cookies().begin(),
                                    http.credentials().cookies().end());
  options.demo_page = http.has_demo_page() ? http.demo_page() : flags_.dev;
  options.public_stats = http.has_public_stats() ? http.public_stats() : flags_.dev;
  if (http.has_public_asyncapi()) options.public_asyncapi = http.public_asyncapi();
  SetTime(http.has_request_timeout(), http.request_timeout(), "http.request_timeout",
          &options.request_timeout, findings_);
  SetTime(http.has_idle_timeout(), http.idle_timeout(), "http.idle_timeout", &options.idle_timeout,
          findings_);
  SetTime(http.has_write_timeout(), http.write_timeout(), "http.write_timeout",
          &options.write_timeout, findings_);
  SetHttpTls();
}

void Builder::SetHttpTls() {
  const config::v1::Http& http = config_.http();
  const std::string folder = Folder();
  if (http.has_tls()) {
    options_.http.tls = BuildServerTls(http.tls(), "http.tls", folder, findings_);
  }
  if (!http.has_ops_tls()) return;
  options_.http.ops_tls = BuildServerTls(http.ops_tls(), "http.ops_tls", folder, findings_);
  if (http.ops_listen().empty()) {
    findings_->Error("http.ops_tls", "is of no use without http.ops_listen");
  }
}

void Builder::SetAccess() {
  options_.dev = flags_.dev;
  const config::v1::Publishing& publishing = config_.publishing();
  options_.rpc.authorize_publishing =
      !flags_.dev && (publishing.authorize() || publishing.authorizers_size() > 0);
  options_.authorizers = BuildAuthorizers(config_, Folder(), flags_.dev, findings_);
  options_.standing = BuildStandingPolicy(config_, findings_);
}

void Builder::SetHub() {
  const config::v1::Hub& hub = config_.hub();
  options_.shards = std::clamp(std::thread::hardware_concurrency(), 1u, kShardsMax);
  SetNumber(hub.has_shards(), hub.shards(), "hub.shards", &options_.shards, findings_, kShardsMax);
  ShardOptions& options = options_.shard;
  SetNumber(hub.has_window_bytes(), hub.window_bytes(), "hub.window_bytes", &options.window_bytes,
            findings_);
  SetNumber(hub.has_windows_bytes(), hub.windows_bytes(), "hub.windows_bytes",
            &options.windows_bytes, findings_);
  SetNumber(hub.has_inbox_events(), hub.inbox_events(), "hub.inbox_events", &options.inbox_events,
            findings_);
  SetNumber(hub.has_replays(), hub.replays(), "hub.replays", &options.replays, findings_);
}

void Builder::SetLimits() {
  const config::v1::Limits& limits = config_.limits();
  SetNumber(limits.has_header_bytes(), limits.header_bytes(), "limits.header_bytes",
            &options_.http.header_bytes_max, findings_);
  SetNumber(limits.has_target_bytes(), limits.target_bytes(), "limits.target_bytes",
            &options_.http.target_bytes_max, findings_);
  SetNumber(limits.has_topics_per_subscriber(), limits.topics_per_subscriber(),
            "limits.topics_per_subscriber", &options_.http.topics_per_subscriber_max, findings_);
  options_.rpc.topics_per_subscriber_max = options_.http.topics_per_subscriber_max;
  SetNumber(limits.has_payload_bytes(), limits.payload_bytes(), "limits.payload_bytes",
            &options_.json.bytes_max, findings_);
  SetNumber(limits.has_json_depth(), limits.json_depth(), "limits.json_depth",
            &options_.json.depth_max, findings_, kJsonDepthMax);
  SetNumber(limits.has_events_per_publish(), limits.events_per_publish(),
            "limits.events_per_publish", &options_.events_per_publish_max, findings_);
  SetNumber(limits.has_publish_bytes(), limits.publish_bytes(), "limits.publish_bytes",
            &options_.rpc.publish_bytes_max, findings_, kPublishBytesMax);
  SetNumber(limits.has_sessions(), limits.sessions(), "limits.sessions",
            &options_.http.sessions_max, findings_);
  SetClientLimits(config_, &options_.http, findings_);
}

void Builder::SetSchema() {
  const config::v1::Schema& schema = config_.schema();
  SetJsonStyle(schema, &options_.json, findings_);
  const std::filesystem::path folder = Folder();
  std::vector<std::string> files;
  for (const std::string& file : schema.descriptor_sets()) files.push_back(folder / file);
  auto registry = load_schema_(files, options_.json);
  if (registry.ok()) {
    options_.schema = *std::move(registry);
  } else {
    findings_->Error("schema.descriptor_sets", std::string(registry.status().message()));
  }
}

KnownServices Builder::SetRelay() {
  options_.relay.backends = BuildBackends(config_, Folder(), findings_);
  KnownServices services(options_.relay.backends,
                         options_.schema == nullptr ? nullptr : options_.schema->current());
  CheckStyledTypes(config_.schema(), services, findings_);
  options_.relay.sources = BuildSources(config_, services, findings_);
  return services;
}

void Builder::SetRoutes(const KnownServices& services) {
  auto table = RouteTable::Build(BuildRoutes(config_, services, findings_));
  if (table.ok()) {
    options_.routes = std::make_shared<const RouteTable>(*std::move(table));
  } else {
    findings_->Error("routes", std::string(table.status().message()));
    return;
  }
  const auto& routes = options_.routes->routes();
  const bool refusing =
      std::holds_alternative<RefusingAuthorizerOptions>(options_.authorizers.by_name[""]);
  if (refusing && std::any_of(routes.begin(), routes.end(), [](const Route& route) {
        return !route.is_public && route.authorizer.empty();
      })) {
    findings_->Warning("authorizer",
                       "none is configured, so every subscription is refused, except on public "
                       "routes: set authorizer.grpc.address, or try --dev on your own machine");
  }
}

}  // namespace

absl::StatusOr<std::shared_ptr<SchemaRegistry>> LoadSchemaFiles(
    const std::vector<std::string>& files, const JsonOptions& options) {
  return SchemaRegistry::Load(files, options);
}

ServerOptions BuildServerOptions(const config::v1::Config& config, const Flags& flags,
                                 Findings* findings, const LoadSchema& load_schema) {
  return Builder(config, flags, findings, load_schema).Build();
}

}  // namespace sluice
