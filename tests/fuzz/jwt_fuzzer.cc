// Any text as a token, as the claims of one that is well signed, and as a key set: nobody gets
// in whose token is not good, and nobody gets more than his claims say.
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/access/jwt/claims.h"
#include "bridge/access/jwt/json_web_keys.h"
#include "bridge/access/jwt/jwt.h"
#include "bridge/access/jwt/rights.h"
#include "bridge/access/jwt/strict_json.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"
#include "tests/fuzz/require.h"

namespace sluice {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

void CheckToken(std::string_view text) {
  const auto jwt = ParseJwt(text);
  if (!jwt.ok()) {
    SLUICE_REQUIRE(!jwt.status().message().empty());
    return;
  }
  // There is one way of writing it.
  SLUICE_REQUIRE(text ==
                 absl::StrCat(jwt->signed_text, ".", absl::WebSafeBase64Escape(jwt->signature)));
  SLUICE_REQUIRE(
      absl::EndsWith(jwt->signed_text, absl::StrCat(".", absl::WebSafeBase64Escape(jwt->payload))));
  SLUICE_REQUIRE(!jwt->key_id || jwt->key_id->size() <= kJwtKeyIdBytesMax);
  static const KeySet keys({{.id = "", .key = *VerificationKey::OfSecret(std::string(32, 'k'))}});
  SLUICE_REQUIRE(keys.Check(*jwt) != KeySet::Answer::kSigned);
}

void CheckClaimsOf(std::string_view text) {
  const auto claims = ParseStrictObject(text);
  if (!claims) return;
  // It means the same to others.
  SLUICE_REQUIRE(*claims == nlohmann::json::parse(text));
  const ClaimRules rules{.issuer = "i", .audiences = {"a"}};
  const auto identity = CheckClaims(*claims, rules, kNow);
  if (!identity.ok()) return;
  SLUICE_REQUIRE(claims->at("iss") == "i");
  SLUICE_REQUIRE(claims->at("exp").get<double>() > 1'700'000'000 - 30.001);
  SLUICE_REQUIRE(identity->expires_at > kNow);
  SLUICE_REQUIRE(!HasControlCharacter(identity->subject));

  const auto rights = RightsOf(*claims, identity->subject,
                               {.subscribe = {"user/{sub}/**"}, .publish = {"{x}"}, .claim = "c"});
  if (!rights.ok()) return;
  const bool claimed = claims->contains("c") || claims->contains("c.subscribe");
  for (const TopicPattern& pattern : rights->subscribe) {
    SLUICE_REQUIRE(claimed || !pattern.Matches("user/\x01/inbox"));
    SLUICE_REQUIRE(claimed || !pattern.Matches("user/a/b") || identity->subject == "a");
  }
  SLUICE_REQUIRE(!rights->admin || claims->contains("c") || claims->contains("c.admin"));
}

void CheckKeys(std::string_view text) {
  const auto read = ParseJsonWebKeys(text, std::nullopt);
  if (!read.ok()) return;
  SLUICE_REQUIRE(read->keys->size() > 0 && read->keys->size() <= kJwksKeysMax);
  for (const JwtAlgorithm algorithm :
       {JwtAlgorithm::kHs256, JwtAlgorithm::kRs256, JwtAlgorithm::kEs256, JwtAlgorithm::kEdDsa}) {
    const Jwt jwt{.algorithm = algorithm, .signed_text = "a.b", .signature = std::string(64, 's')};
    SLUICE_REQUIRE(read->keys->Check(jwt) != KeySet::Answer::kSigned);
  }
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  sluice::CheckToken(text);
  // The header alone, so that no luck with base64url is needed.
  sluice::CheckToken(absl::StrCat(absl::WebSafeBase64Escape(sluice::AsAbsl(text)), ".e30.c2ln"));
  sluice::CheckClaimsOf(text);
  sluice::CheckKeys(text);
  return 0;
}
