// How a token is signed (RFC 7518, section 3.1; RFC 8037). There are no others: "none"
// is no algorithm here.
#pragma once

#include <optional>
#include <string_view>

namespace sluice {

enum class JwtAlgorithm { kHs256, kRs256, kEs256, kEdDsa };

inline constexpr char kJwtAlgorithmNames[] = "HS256, RS256, ES256 or EdDSA";

// As it is written in `alg`, letter for letter.
std::optional<JwtAlgorithm> ParseJwtAlgorithm(std::string_view name);
std::string_view JwtAlgorithmName(JwtAlgorithm algorithm);

}  // namespace sluice
