#include "bridge/http/credentials.h"

#include <algorithm>
#include <optional>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "bridge/base/text.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

std::string_view Trimmed(std::string_view text) {
  const absl::string_view trimmed = absl::StripAsciiWhitespace(AsAbsl(text));
  return {trimmed.data(), trimmed.size()};
}

// RFC 6750, section 2.1. Another scheme's credentials are not for us.
std::optional<std::string> BearerToken(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (!absl::StartsWithIgnoreCase(AsAbsl(authorization), AsAbsl(kScheme))) return std::nullopt;
  return std::string(Trimmed(authorization.substr(kScheme.size())));
}

// RFC 6265, section 4.2: "a=1; b=2".
std::optional<std::string> CookieValue(const RequestHead& head, std::string_view name) {
  for (const auto& [field, value] : head.fields) {
    if (field != "cookie") continue;
    for (std::string_view rest = value; !rest.empty();) {
      const std::string_view pair = rest.substr(0, rest.find(';'));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
      const size_t equals = pair.find('=');
      if (equals != std::string_view::npos && Trimmed(pair.substr(0, equals)) == name) {
        return std::string(Trimmed(pair.substr(equals + 1)));
      }
    }
  }
  return std::nullopt;
}

std::string FindCredential(const RequestHead& head, const RequestTarget& target,
                           const std::vector<std::string>& query_parameters,
                           const std::vector<std::string>& cookies) {
  if (const auto authorization = head.Field("authorization")) {
    if (auto token = BearerToken(*authorization); token && !token->empty()) return *token;
  }
  for (const std::string& name : query_parameters) {
    if (const auto value = target.Query(name); value && !value->empty()) return std::string(*value);
  }
  for (const std::string& name : cookies) {
    if (auto value = CookieValue(head, name); value && !value->empty()) return *value;
  }
  return {};
}

}  // namespace

absl::StatusOr<std::string> CredentialOf(const RequestHead& head, const RequestTarget& target,
                                         const std::vector<std::string>& query_parameters,
                                         const std::vector<std::string>& cookies) {
  const auto is_authorization = [](const auto& field) { return field.first == "authorization"; };
  if (std::count_if(head.fields.begin(), head.fields.end(), is_authorization) > 1) {
    return absl::InvalidArgumentError("send one Authorization header");
  }
  std::string credential = FindCredential(head, target, query_parameters, cookies);
  if (!IsUtf8(credential) || HasControlCharacter(credential)) {
    return absl::InvalidArgumentError("the credential is not UTF-8 text");
  }
  return credential;
}

}  // namespace sluice
