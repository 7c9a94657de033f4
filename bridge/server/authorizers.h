// Who is asked about what, and the authorizers made of that.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "bridge/access/authorizers.h"
#include "bridge/access/certificate_authorizer.h"
#include "bridge/access/decision_cache.h"
#include "bridge/access/ext_authz_authorizer.h"
#include "bridge/access/grpc_authorizer.h"
#include "bridge/access/jwt/jwt_authorizer.h"

namespace sluice {

class Clock;

// Nothing is configured.
struct RefusingAuthorizerOptions {};
struct NoneAuthorizerOptions {};

struct CertificateAuthorizerOptions {
  std::vector<CertificateRule> rules;
};

struct AuthorizerListOptions {
  enum class Kind { kAllOf, kAnyOf } kind = Kind::kAllOf;
  std::vector<std::string> names;  // of others in AuthorizersOptions, never in a circle
};

using AuthorizerOptions =
    std::variant<RefusingAuthorizerOptions, NoneAuthorizerOptions, GrpcAuthorizerOptions,
                 ExtAuthzAuthorizerOptions, JwtAuthorizerOptions, CertificateAuthorizerOptions,
                 AuthorizerListOptions>;

struct AuthorizersOptions {
  // The default one has the empty name.
  std::map<std::string, AuthorizerOptions> by_name = {{"", RefusingAuthorizerOptions()}};
  // Who is asked about what comes over gRPC.
  std::string subscribing;
  std::string publishing;
  std::string administration;
  std::optional<std::string> reflection;  // nothing: it is open
  // Of each of those that must be asked over the network.
  DecisionCacheOptions cache;
};

// `clock` and `revocations` outlive them.
std::unique_ptr<Authorizers> MakeAuthorizers(const AuthorizersOptions& options, const Clock& clock,
                                             const Revocations& revocations);

}  // namespace sluice
