#include "bridge/access/jwt/json_web_keys.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "bridge/access/jwt/base64url.h"
#include "bridge/access/jwt/public_key_parameters.h"
#include "bridge/access/jwt/strict_json.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

using nlohmann::json;

absl::Status Wrong(absl::string_view what) { return absl::InvalidArgumentError(what); }

// Empty: it is missing, or no string.
std::string Text(const json& jwk, std::string_view name) {
  const json* member = FindMember(jwk, name);
  return member != nullptr && member->is_string() ? member->get<std::string>() : "";
}

absl::StatusOr<std::string> Decoded(const json& jwk, std::string_view name) {
  std::optional<std::string> bytes = DecodeBase64Url(Text(jwk, name));
  if (!bytes || bytes->empty()) {
    return Wrong(absl::StrCat("`", AsAbsl(name), "` is missing, or not base64url"));
  }
  return *std::move(bytes);
}

absl::StatusOr<JwtAlgorithm> AlgorithmOf(const json& jwk) {
  const std::string kind = Text(jwk, "kty");
  const std::string curve = Text(jwk, "crv");
  std::optional<JwtAlgorithm> algorithm;
  if (kind == "oct") algorithm = JwtAlgorithm::kHs256;
  if (kind == "RSA") algorithm = JwtAlgorithm::kRs256;
  if (kind == "EC" && curve == "P-256") algorithm = JwtAlgorithm::kEs256;
  if (kind == "OKP" && curve == "Ed25519") algorithm = JwtAlgorithm::kEdDsa;
  if (!algorithm) return Wrong("its kind (`kty`, `crv`) is of no algorithm that is accepted");
  if (jwk.contains("alg") && Text(jwk, "alg") != JwtAlgorithmName(*algorithm)) {
    return Wrong("its `alg` is not accepted, or not of its kind");
  }
  return *algorithm;
}

// Sections 4.2 and 4.3.
bool IsForVerifying(const json& jwk) {
  if (jwk.contains("use") && Text(jwk, "use") != "sig") return false;
  const json* operations = FindMember(jwk, "key_ops");
  return operations == nullptr ||
         (operations->is_array() &&
          std::find(operations->begin(), operations->end(), "verify") != operations->end());
}

absl::StatusOr<VerificationKey> KeyOf(const json& jwk, JwtAlgorithm algorithm) {
  if (algorithm == JwtAlgorithm::kHs256) {
    absl::StatusOr<std::string> secret = Decoded(jwk, "k");
    if (!secret.ok()) return secret.status();
    return VerificationKey::OfSecret(*std::move(secret));
  }
  if (jwk.contains("d")) return Wrong("it is private: publish its public part alone");
  const bool rsa = algorithm == JwtAlgorithm::kRs256;
  const absl::StatusOr<std::string> first = Decoded(jwk, rsa ? "n" : "x");
  if (!first.ok()) return first.status();
  if (algorithm == JwtAlgorithm::kEdDsa) return Ed25519Key(*first);
  const absl::StatusOr<std::string> second = Decoded(jwk, rsa ? "e" : "y");
  if (!second.ok()) return second.status();
  return rsa ? RsaKey(*first, *second) : P256Key(*first, *second);
}

absl::StatusOr<JwtKey> ReadKey(const json& jwk, std::optional<JwtAlgorithm> only) {
  if (!jwk.is_object()) return Wrong("it is no object");
  const absl::StatusOr<JwtAlgorithm> algorithm = AlgorithmOf(jwk);
  if (!algorithm.ok()) return algorithm.status();
  if (only && *only != *algorithm) return Wrong("it is of another algorithm");
  if (!IsForVerifying(jwk)) return Wrong("it is not for verifying (`use`, `key_ops`)");
  const std::string id = Text(jwk, "kid");
  if (jwk.contains("kid") && (id.empty() || id.size() > kJwtKeyIdBytesMax)) {
    return Wrong("its `kid` is no string, empty or too long");
  }
  absl::StatusOr<VerificationKey> key = KeyOf(jwk, *algorithm);
  if (!key.ok()) return key.status();
  return JwtKey{.id = id, .key = *std::move(key)};
}

}  // namespace

absl::StatusOr<JsonWebKeys> ParseJsonWebKeys(std::string_view text,
                                             std::optional<JwtAlgorithm> only) {
  if (text.size() > kJwksBytesMax) {
    return Wrong(absl::StrCat("is longer than ", kJwksBytesMax, " bytes"));
  }
  const std::optional<json> set = ParseStrictObject(text);
  const json* list = set ? FindMember(*set, "keys") : nullptr;
  if (list == nullptr || !list->is_array()) {
    return Wrong("is no JSON Web Key Set ({\"keys\": [...]})");
  }
  if (list->size() > kJwksKeysMax) {
    return Wrong(absl::StrCat("holds more than ", kJwksKeysMax, " keys"));
  }
  JsonWebKeys read;
  std::vector<JwtKey> keys;
  std::set<std::pair<std::string, JwtAlgorithm>> named;
  for (size_t i = 0; i < list->size(); ++i) {
    absl::StatusOr<JwtKey> key = ReadKey((*list)[i], only);
    if (!key.ok()) {
      if (read.skipped++ == 0) {
        read.why_skipped = absl::StrCat("keys[", i, "]: ", key.status().message());
      }
      continue;
    }
    if (!key->id.empty() && !named.emplace(key->id, key->key.algorithm()).second) {
      return Wrong(absl::StrCat("keys[", i, "] has the `kid` of another one"));
    }
    keys.push_back(*std::move(key));
  }
  if (keys.empty() && read.skipped > 0) {
    return Wrong(absl::StrCat("holds no key that can be used: ", read.why_skipped));
  }
  read.keys = std::make_shared<const KeySet>(std::move(keys));
  return read;
}

std::string SkippedKeys(const JsonWebKeys& read) {
  return read.skipped == 0 ? "0" : absl::StrCat(read.skipped, ", of which ", read.why_skipped);
}

}  // namespace sluice
