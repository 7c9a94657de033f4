#include "bridge/access/jwt/jwt_algorithm.h"

namespace sluice {

std::optional<JwtAlgorithm> ParseJwtAlgorithm(std::string_view name) {
  for (const JwtAlgorithm algorithm :
       {JwtAlgorithm::kHs256, JwtAlgorithm::kRs256, JwtAlgorithm::kEs256, JwtAlgorithm::kEdDsa}) {
    if (name == JwtAlgorithmName(algorithm)) return algorithm;
  }
  return std::nullopt;
}

std::string_view JwtAlgorithmName(JwtAlgorithm algorithm) {
  switch (algorithm) {
    case JwtAlgorithm::kHs256:
      return "HS256";
    case JwtAlgorithm::kRs256:
      return "RS256";
    case JwtAlgorithm::kEs256:
      return "ES256";
    case JwtAlgorithm::kEdDsa:
      return "EdDSA";
  }
  return "";
}

}  // namespace sluice
