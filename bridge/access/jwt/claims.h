// What a token claims (RFC 7519, section 4.1): whether it holds here and now, and whose
// it is.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"

namespace sluice {

struct ClaimRules {
  std::string issuer;                  // empty: any
  std::vector<std::string> audiences;  // one of them; none: a token has no `aud`
  absl::Duration leeway = absl::Seconds(30);
  bool require_expiry = true;
  std::string subject_claim = "sub";
};

struct TokenIdentity {
  std::string subject;
  // With the leeway: from then on the token is refused.
  absl::Time expires_at = absl::InfiniteFuture();
};

// UNAUTHENTICATED names the check that failed, and never repeats what the token says.
absl::StatusOr<TokenIdentity> CheckClaims(const nlohmann::json& claims, const ClaimRules& rules,
                                          absl::Time now);

}  // namespace sluice
