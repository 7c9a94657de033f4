// A key that checks signatures of the one algorithm that it was made for. (So a public
// key can never serve as the secret of an HS256 token: whatever a token says, keys do
// not change their algorithm.)
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/access/jwt/jwt_algorithm.h"

using EVP_PKEY = struct evp_pkey_st;

namespace sluice {

inline constexpr size_t kJwtSecretBytesMin = 32;  // RFC 7518, section 3.2
inline constexpr int kRsaKeyBitsMin = 2048;       // RFC 7518, section 3.3
inline constexpr int kRsaKeyBitsMax = 8192;

// Never changed once made; thread-safe, cheap to copy.
class VerificationKey {
 public:
  // INVALID_ARGUMENT says what is wrong, and never repeats the key.
  static absl::StatusOr<VerificationKey> OfSecret(std::string secret);
  // "-----BEGIN PUBLIC KEY-----".
  static absl::StatusOr<VerificationKey> OfPem(JwtAlgorithm algorithm, std::string_view pem);
  // Whether it fits the algorithm is checked: RS256 takes RSA keys of 2048 bits or more,
  // ES256 keys on P-256, EdDSA keys on Ed25519.
  static absl::StatusOr<VerificationKey> OfPublicKey(JwtAlgorithm algorithm,
                                                     std::shared_ptr<EVP_PKEY> key);

  JwtAlgorithm algorithm() const { return algorithm_; }
  // `signature` is as a token has it (RFC 7518, section 3): of ES256 that is r and s.
  bool Verifies(std::string_view signed_text, std::string_view signature) const;

 private:
  explicit VerificationKey(JwtAlgorithm algorithm) : algorithm_(algorithm) {}

  JwtAlgorithm algorithm_;
  std::shared_ptr<const std::string> secret_;  // HS256
  std::shared_ptr<EVP_PKEY> public_key_;       // the others
};

}  // namespace sluice
