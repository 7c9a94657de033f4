// Checks JSON Web Tokens (RFC 7519) here, without asking anybody: signed by a key of the
// configuration, valid now, made for this bridge, and with the right that is asked for.
//
// Fails closed: while keys that are read from elsewhere never could be, a token that no
// other key has signed is kError. So is one whose key may have come since it was last looked
// for, when it is too soon to look again.
#pragma once

#include <memory>
#include <vector>

#include "bridge/access/authorizer.h"
#include "bridge/access/jwt/claims.h"
#include "bridge/access/jwt/jwks_file.h"
#include "bridge/access/jwt/jwks_url.h"
#include "bridge/access/jwt/key_set.h"
#include "bridge/access/jwt/rights.h"
#include "bridge/base/clock.h"

namespace sluice {

struct JwtAuthorizerOptions {
  // Where the keys are.
  std::vector<JwtKey> keys;
  std::vector<JwksFileOptions> files;
  std::vector<JwksUrlOptions> urls;
  ClaimRules claims;
  RightRules rights;
};

// `clock` outlives it.
std::unique_ptr<Authorizer> MakeJwtAuthorizer(JwtAuthorizerOptions options, const Clock& clock);

}  // namespace sluice
