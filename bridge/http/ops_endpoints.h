// The endpoints that are not streams: /health, /ready, /v1/stats, the AsyncAPI
// document, and the demo page at /.
#pragma once

#include <optional>
#include <string_view>

#include "bridge/http/http_services.h"
#include "bridge/http/response.h"

namespace sluice {

// What a listener serves.
enum class Surface { kPublic, kOps, kBoth };

enum class OpsEndpoint { kHealth, kReady, kStats, kAsyncApiJson, kAsyncApiYaml, kDemoPage };

std::optional<OpsEndpoint> FindOpsEndpoint(std::string_view path, Surface surface,
                                           const HttpOptions& options);

// 200 while the process lives.
Response HealthResponse(const HttpServices& services);
// 200, or 503 and why.
Response ReadyResponse(const HttpServices& services);
Response AsyncApiResponse(const HttpServices& services, bool as_yaml);
Response DemoPageResponse();
Response JsonResponse(int status, std::string json);

}  // namespace sluice
