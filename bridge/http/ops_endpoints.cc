#include "bridge/http/ops_endpoints.h"

#include <utility>

#include "bridge/http/demo_page.h"
#include "nlohmann/json.hpp"

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

absl::Status Readiness(const HttpServices& services) {
  if (services.draining) return absl::UnavailableError("draining");
  return services.context.readiness ? services.context.readiness() : absl::OkStatus();
}

}  // namespace

std::optional<OpsEndpoint> FindOpsEndpoint(std::string_view path, Surface surface,
                                           const HttpOptions& options) {
  if (surface != Surface::kPublic) {
    if (path == "/health") return OpsEndpoint::kHealth;
    if (path == "/ready") return OpsEndpoint::kReady;
  }
  if (path == "/v1/stats" && (surface == Surface::kOps || options.public_stats)) {
    return OpsEndpoint::kStats;
  }
  if (surface == Surface::kOps || options.public_asyncapi) {
    if (path == "/asyncapi.json") return OpsEndpoint::kAsyncApiJson;
    if (path == "/asyncapi.yaml") return OpsEndpoint::kAsyncApiYaml;
  }
  if (path == "/" && surface != Surface::kOps && options.demo_page) return OpsEndpoint::kDemoPage;
  return std::nullopt;
}

Response JsonResponse(int status, std::string json) {
  Response response;
  response.status = status;
  response.fields = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}};
  response.body = std::move(json);
  return response;
}

Response HealthResponse(const HttpServices& services) {
  const Json json = {{"status", "healthy"}, {"service", services.options.service_name}};
  return JsonResponse(200, Dump(json));
}

Response ReadyResponse(const HttpServices& services) {
  const absl::Status status = Readiness(services);
  if (status.ok()) {
    const Json ready = {{"status", "ready"}};
    return JsonResponse(200, Dump(ready));
  }
  const Json json = {{"status", "not ready"}, {"reason", std::string(status.message())}};
  return JsonResponse(503, Dump(json));
}

Response AsyncApiResponse(const HttpServices& services, bool as_yaml) {
  Response response;
  response.fields = {{"Content-Type", as_yaml ? "application/yaml" : "application/json"},
                     {"Cache-Control", "no-cache"}};
  response.body = services.context.async_api(as_yaml);
  return response;
}

Response DemoPageResponse() {
  Response response;
  response.fields = {{"Content-Type", "text/html; charset=utf-8"},
                     {"Cache-Control", "no-cache"},
                     {"X-Content-Type-Options", "nosniff"}};
  response.body = DemoPage();
  return response;
}

}  // namespace sluice
