#include "bridge/server/config/routes.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/route/route_table.h"
#include "bridge/server/config/authorizers.h"
#include "bridge/server/config/call_policies.h"
#include "bridge/server/config/durations.h"
#include "bridge/server/config/event_templates.h"
#include "bridge/server/config/frame_policies.h"
#include "bridge/server/config/kept_credentials.h"
#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

using google::protobuf::FieldDescriptor;

// Served by the bridge itself.
constexpr const char* kReservedPaths[] = {"/health", "/ready", "/v1/stats", "/asyncapi.json",
                                          "/asyncapi.yaml"};

// `own` with what it does not set taken from `defaults`, field by field. (Merging
// would add up lists and take "0s" for unset.)
template <typename T>
T WithDefaults(const T& own, T defaults) {
  std::vector<const FieldDescriptor*> set;
  own.GetReflection()->ListFields(own, &set);
  for (const FieldDescriptor* field : set) {
    defaults.GetReflection()->ClearField(&defaults, field);
  }
  defaults.MergeFrom(own);
  return defaults;
}

class RouteBuilder {
 public:
  RouteBuilder(const config::v1::Config& config, const KnownServices& services, Findings* findings)
      : defaults_(config.defaults()),
        credential_parameters_(CredentialParameters(config.http().credentials())),
        services_(services),
        findings_(findings) {
    CheckPolicies(defaults_, "defaults");
  }

  void Add(const config::v1::Route& config, const std::string& path);
  // The default routes yield to the user's.
  void AddDefault(const char* template_text, std::vector<std::string> topics);
  std::vector<Route> Take() { return std::move(routes_); }

 private:
  template <typename RouteOrDefaults>
  void CheckPolicies(const RouteOrDefaults& config, const std::string& path) {
    CheckConnect(config.connect(), path + ".connect", findings_);
    CheckHeartbeat(config.heartbeat(), path + ".heartbeat", findings_);
    CheckFrames(config.frames(), path + ".frames", findings_);
    CheckRetry(config.retry(), path + ".retry", findings_);
  }
  void SetPolicies(const config::v1::Route& config, Route* route);
  void SetMethods(const config::v1::Route& config, const std::string& path, Route* route);
  void SetDocumentation(const config::v1::Route& config, const std::string& path, Route* route);
  // The route with the same paths, or null.
  const Route* Twin(const PathTemplate& path) const;

  // Whether `result` has a value; if not, that is a finding.
  template <typename T>
  bool Check(const absl::StatusOr<T>& result, const std::string& path) {
    if (!result.ok()) findings_->Error(path, std::string(result.status().message()));
    return result.ok();
  }

  const config::v1::RouteDefaults& defaults_;
  const std::vector<std::string> credential_parameters_;
  const KnownServices& services_;
  Findings* findings_;
  FramePolicies policies_;
  std::vector<Route> routes_;
};

void RouteBuilder::Add(const config::v1::Route& config, const std::string& path) {
  Route route;
  const std::string path_path = path + ".path";
  if (config.path().empty()) {
    findings_->Error(path_path, "is required");
    return;
  }
  auto parsed = PathTemplate::Parse(config.path());
  if (!Check(parsed, path_path)) return;
  if (const Route* twin = Twin(*parsed); twin != nullptr) {
    findings_->Error(path_path, absl::StrCat("matches the same paths as ", twin->path.text()));
  }
  if (std::count(std::begin(kReservedPaths), std::end(kReservedPaths), config.path()) > 0) {
    findings_->Error(path_path, absl::StrCat(config.path(), " is served by the bridge itself"));
  }
  route.path = *std::move(parsed);
  route.topics.assign(config.topics().begin(), config.topics().end());
  for (const auto& [name, values] : config.captures()) {
    if (values.values().empty()) findings_->Error(path + ".captures." + name, "has no values");
    route.capture_values[name].assign(values.values().begin(), values.values().end());
  }
  route.filter.assign(config.filter().begin(), config.filter().end());
  std::sort(route.filter.begin(), route.filter.end());
  route.is_public = config.public_();
  route.authorizer = AuthorizerName(config.authorizers());
  if (!config.start().empty()) {
    if (const auto start = ParseStreamStart(config.start()); Check(start, path + ".start")) {
      route.start = *start;
    }
  }
  SetWord<RefusalStyle>(config.refusal(), path + ".refusal",
                        {{"auto", RefusalStyle::kAuto},
                         {"stream", RefusalStyle::kStream},
                         {"status", RefusalStyle::kStatus}},
                        &route.refusal, findings_);
  SetTime(config.has_log_unavailable_after(), config.log_unavailable_after(),
          path + ".log_unavailable_after", &route.log_unavailable_after, findings_);
  route.cors = !config.cors_disabled();
  CheckPolicies(config, path);
  SetPolicies(config, &route);
  SetMethods(config, path, &route);
  route.call = BuildCallPolicy(config, route.path, path, services_, findings_);
  if (route.call) route.error = route.call->error;
  route.error = BuildTemplate(config.error(), route.error, path + ".error", findings_);
  SetDocumentation(config, path, &route);
  CheckKeptCredentials(route, credential_parameters_, path, findings_);
  // What its templates name is checked by the table.
  if (Check(RouteTable::Build({route}), path)) routes_.push_back(std::move(route));
}

void RouteBuilder::SetPolicies(const config::v1::Route& config, Route* route) {
  route->connect = MakeConnect(WithDefaults(config.connect(), defaults_.connect()));
  route->heartbeat = policies_.Heartbeat(WithDefaults(config.heartbeat(), defaults_.heartbeat()));
  route->view = policies_.View(WithDefaults(config.frames(), defaults_.frames()));
  if (config.has_retry() || defaults_.has_retry()) {
    const auto& retry = config.has_retry() ? config.retry() : defaults_.retry();
    route->retry_ms = static_cast<uint32_t>(ToAbsl(retry) / absl::Milliseconds(1));
  }
}

void RouteBuilder::SetMethods(const config::v1::Route& config, const std::string& path,
                              Route* route) {
  if (config.methods().empty()) return;
  route->get = false;
  for (int i = 0; i < config.methods_size(); ++i) {
    const std::string& method = config.methods(i);
    const std::string method_path = absl::StrCat(path, ".methods[", i, "]");
    if (method == "GET") {
      route->get = true;
    } else if (method == "POST") {
      route->post = true;
      if (!config.has_call()) {
        findings_->Error(method_path, "POST is for routes with a `call`, which its body is for");
      }
    } else {
      findings_->Error(method_path, NoneOf(method, {"GET", "POST"}));
    }
  }
}

void RouteBuilder::SetDocumentation(const config::v1::Route& config, const std::string& path,
                                    Route* route) {
  route->description = config.description();
  route->messages.assign(config.messages().begin(), config.messages().end());
  for (size_t i = 0; i < route->messages.size(); ++i) {
    services_.CheckTypes(route->messages[i], absl::StrCat(path, ".messages[", i, "]"), findings_);
  }
}

const Route* RouteBuilder::Twin(const PathTemplate& path) const {
  const auto twin = std::find_if(routes_.begin(), routes_.end(),
                                 [&](const Route& route) { return route.path.SameShapeAs(path); });
  return twin == routes_.end() ? nullptr : &*twin;
}

void RouteBuilder::AddDefault(const char* template_text, std::vector<std::string> topics) {
  Route route;
  route.path = *PathTemplate::Parse(template_text);
  if (Twin(route.path) != nullptr) return;
  route.topics = std::move(topics);
  SetPolicies({}, &route);
  routes_.push_back(std::move(route));
}

}  // namespace

std::vector<Route> BuildRoutes(const config::v1::Config& config, const KnownServices& services,
                               Findings* findings) {
  RouteBuilder builder(config, services, findings);
  for (int i = 0; i < config.routes_size(); ++i) {
    builder.Add(config.routes(i), absl::StrCat("routes[", i, "]"));
  }
  if (!config.has_default_routes() || config.default_routes()) {
    builder.AddDefault("/v1/{channel_type}/{resource_id}", {"{channel_type}/{resource_id}"});
    builder.AddDefault("/v1/events", {});
  }
  return builder.Take();
}

}  // namespace sluice
