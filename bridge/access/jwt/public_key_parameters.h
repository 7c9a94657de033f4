// Public keys from the numbers that they are made of, as JSON Web Keys have them (RFC
// 7518, section 6; RFC 8037, section 2): big-endian bytes.
#pragma once

#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/access/jwt/verification_key.h"

namespace sluice {

// INVALID_ARGUMENT: they make no key, or none that may be used.
absl::StatusOr<VerificationKey> RsaKey(std::string_view modulus, std::string_view exponent);
absl::StatusOr<VerificationKey> P256Key(std::string_view x, std::string_view y);
absl::StatusOr<VerificationKey> Ed25519Key(std::string_view x);

}  // namespace sluice
