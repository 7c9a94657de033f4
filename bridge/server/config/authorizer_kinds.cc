#include "bridge/server/config/authorizer_kinds.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/server/config/call_metadata.h"
#include "bridge/server/config/cors_policy.h"
#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/authorizer.pb.h"

namespace sluice {
namespace {

// What both kinds that are asked over gRPC have.
template <typename Config, typename Options>
void SetCall(const Config& config, const std::string& path, Options* options, Findings* findings) {
  options->address = config.address();
  CheckCallAddress(config.address(), path + ".address", findings);
  SetTime(config.has_deadline(), config.deadline(), path + ".deadline", &options->deadline,
          findings);
  SetNumber(config.has_calls_in_flight(), config.calls_in_flight(), path + ".calls_in_flight",
            &options->calls_in_flight, findings);
  std::vector<std::string>& headers = options->wants.headers;
  headers.assign(config.headers().begin(), config.headers().end());
  for (size_t i = 0; i < headers.size(); ++i) {
    if (!IsHeaderName(headers[i]) ||
        std::any_of(headers[i].begin(), headers[i].end(), absl::ascii_isupper)) {
      findings->Error(absl::StrCat(path, ".headers[", i, "]"),
                      "is not the name of a header in lower case");
    }
  }
  options->wants.peer_address = config.send_peer_address();
  options->wants.certificate_names = config.send_certificate_names();
}

AuthorizerListOptions BuildList(AuthorizerListOptions::Kind kind,
                                const config::v1::AuthorizerList& list) {
  return {.kind = kind, .names = {list.names().begin(), list.names().end()}};
}

}  // namespace

AuthorizerOptions BuildAuthorizer(const config::v1::Authorizer& config, const std::string& path,
                                  Findings* findings) {
  switch (config.kind_case()) {
    case config::v1::Authorizer::kNone:
      return NoneAuthorizerOptions();
    case config::v1::Authorizer::kGrpc: {
      GrpcAuthorizerOptions options;
      SetCall(config.grpc(), path + ".grpc", &options, findings);
      return options;
    }
    case config::v1::Authorizer::kAllOf:
      return BuildList(AuthorizerListOptions::Kind::kAllOf, config.all_of());
    case config::v1::Authorizer::kAnyOf:
      return BuildList(AuthorizerListOptions::Kind::kAnyOf, config.any_of());
    case config::v1::Authorizer::KIND_NOT_SET:
      return RefusingAuthorizerOptions();
    default:
      findings->Error(path, "is of a kind that this version does not have");
      return RefusingAuthorizerOptions();
  }
}

}  // namespace sluice
