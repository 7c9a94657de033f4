// A signed JSON Web Token in its compact form (RFC 7515, section 3.1; RFC 7519), taken
// apart. Nothing in it is to be believed before its signature is checked, and of its
// header only `alg` and `kid` are ever read: keys and addresses in it (`jwk`, `jku`,
// `x5c`, `x5u`) are not looked at.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/access/jwt/jwt_algorithm.h"

namespace sluice {

inline constexpr size_t kJwtBytesMax = 8 * 1024;
inline constexpr size_t kJwtKeyIdBytesMax = 255;

struct Jwt {
  JwtAlgorithm algorithm = JwtAlgorithm::kHs256;
  std::optional<std::string> key_id;  // for looking up, and nothing else
  std::string signed_text;            // header and payload, as they were sent
  std::string signature;
  std::string payload;
};

// INVALID_ARGUMENT says what is wrong, and never repeats the token.
absl::StatusOr<Jwt> ParseJwt(std::string_view token);

}  // namespace sluice
