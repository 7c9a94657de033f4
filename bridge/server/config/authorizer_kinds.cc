#include "bridge/server/config/authorizer_kinds.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/server/config/call_metadata.h"
#include "bridge/server/config/certificate_rules.h"
#include "bridge/server/config/client_tls.h"
#include "bridge/server/config/cors_policy.h"
#include "bridge/server/config/jwt_authorizer.h"
#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/authorizer.pb.h"

namespace sluice {
namespace {

void CheckHeader(const std::string& name, const std::string& path, Findings* findings) {
  if (!IsHeaderName(name) || std::any_of(name.begin(), name.end(), absl::ascii_isupper)) {
    findings->Error(path, "is not the name of a header in lower case");
  }
}

// What both kinds that are asked over gRPC have.
template <typename Config, typename Options>
void SetCall(const Config& config, const std::string& path, const std::string& folder,
             Options* options, Findings* findings) {
  options->address = config.address();
  CheckCallAddress(config.address(), path + ".address", findings);
  SetTime(config.has_deadline(), config.deadline(), path + ".deadline", &options->deadline,
          findings);
  SetNumber(config.has_calls_in_flight(), config.calls_in_flight(), path + ".calls_in_flight",
            &options->calls_in_flight, findings);
  std::vector<std::string>& headers = options->wants.headers;
  headers.assign(config.headers().begin(), config.headers().end());
  for (size_t i = 0; i < headers.size(); ++i) {
    CheckHeader(headers[i], absl::StrCat(path, ".headers[", i, "]"), findings);
  }
  if (config.has_tls()) {
    options->tls = BuildClientTls(config.tls(), path + ".tls", folder, findings);
  }
  options->wants.peer_address = config.send_peer_address();
  options->wants.certificate_names = config.send_certificate_names();
}

ExtAuthzAuthorizerOptions BuildExtAuthz(const config::v1::ExtAuthzAuthorizer& config,
                                        const std::string& path, const std::string& folder,
                                        Findings* findings) {
  ExtAuthzAuthorizerOptions options;
  SetCall(config, path, folder, &options, findings);
  for (const auto& [key, value] : config.context_extensions()) {
    if (IsOwnContextExtension(key)) {
      findings->Error(absl::StrCat(path, ".context_extensions.", key), "is sent by the bridge");
    }
    options.context_extensions[key] = value;
  }
  if (!config.subject_header().empty()) options.subject_header = config.subject_header();
  CheckHeader(options.subject_header, path + ".subject_header", findings);
  return options;
}

AuthorizerListOptions BuildList(AuthorizerListOptions::Kind kind,
                                const config::v1::AuthorizerList& list) {
  return {.kind = kind, .names = {list.names().begin(), list.names().end()}};
}

}  // namespace

AuthorizerOptions BuildAuthorizer(const config::v1::Authorizer& config, const std::string& path,
                                  const std::string& folder, Findings* findings) {
  switch (config.kind_case()) {
    case config::v1::Authorizer::kNone:
      return NoneAuthorizerOptions();
    case config::v1::Authorizer::kGrpc: {
      GrpcAuthorizerOptions options;
      SetCall(config.grpc(), path + ".grpc", folder, &options, findings);
      if (config.grpc().has_watch_revocations()) {
        options.watch_revocations = config.grpc().watch_revocations();
      }
      return options;
    }
    case config::v1::Authorizer::kExtAuthz:
      return BuildExtAuthz(config.ext_authz(), path + ".ext_authz", folder, findings);
    case config::v1::Authorizer::kCertificate:
      return CertificateAuthorizerOptions{
          BuildCertificateRules(config.certificate(), path + ".certificate", findings)};
    case config::v1::Authorizer::kJwt:
      return BuildJwtAuthorizer(config.jwt(), path + ".jwt", folder, findings);
    case config::v1::Authorizer::kAllOf:
      return BuildList(AuthorizerListOptions::Kind::kAllOf, config.all_of());
    case config::v1::Authorizer::kAnyOf:
      return BuildList(AuthorizerListOptions::Kind::kAnyOf, config.any_of());
    case config::v1::Authorizer::KIND_NOT_SET:
      break;
  }
  return RefusingAuthorizerOptions();
}

}  // namespace sluice
