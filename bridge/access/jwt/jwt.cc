#include "bridge/access/jwt/jwt.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "bridge/access/jwt/base64url.h"
#include "bridge/access/jwt/strict_json.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

absl::Status Wrong(absl::string_view what) { return absl::InvalidArgumentError(what); }

absl::Status ReadHeader(std::string_view text, Jwt* jwt) {
  const std::optional<nlohmann::json> header = ParseStrictObject(text);
  if (!header) return Wrong("the token's header is no JSON object");
  // What must be understood is not (RFC 7515, section 4.1.11).
  if (header->contains("crit")) return Wrong("the token's header asks for extensions (`crit`)");
  const nlohmann::json* algorithm = FindMember(*header, "alg");
  const auto parsed = algorithm != nullptr && algorithm->is_string()
                          ? ParseJwtAlgorithm(algorithm->get_ref<const std::string&>())
                          : std::nullopt;
  if (!parsed) return Wrong("the token's algorithm is not accepted");
  jwt->algorithm = *parsed;
  if (const nlohmann::json* key_id = FindMember(*header, "kid")) {
    if (!key_id->is_string() || key_id->get_ref<const std::string&>().size() > kJwtKeyIdBytesMax) {
      return Wrong("the token's `kid` is no string, or too long");
    }
    jwt->key_id = key_id->get<std::string>();
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Jwt> ParseJwt(std::string_view token) {
  if (token.size() > kJwtBytesMax) return Wrong("the token is too long");
  const std::vector<absl::string_view> parts = absl::StrSplit(AsAbsl(token), '.');
  if (parts.size() != 3) return Wrong("the token is no signed JSON Web Token");
  std::optional<std::string> decoded[3];
  for (size_t i = 0; i < parts.size(); ++i) {
    decoded[i] = DecodeBase64Url({parts[i].data(), parts[i].size()});
    if (!decoded[i] || decoded[i]->empty())
      return Wrong("the token is not whole, or not base64url");
  }
  Jwt jwt;
  if (absl::Status status = ReadHeader(*decoded[0], &jwt); !status.ok()) return status;
  jwt.signed_text = token.substr(0, token.rfind('.'));
  jwt.payload = *std::move(decoded[1]);
  jwt.signature = *std::move(decoded[2]);
  return jwt;
}

}  // namespace sluice
