#include "bridge/access/jwt/claims.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/access/answer_parts.h"
#include "bridge/access/jwt/strict_json.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

using nlohmann::json;

constexpr double kUnixSecondsMax = 253'402'300'799;  // year 9999

absl::Status Refused(absl::string_view why) { return absl::UnauthenticatedError(why); }

// A NumericDate, which may have a fraction; nothing: there is none.
absl::StatusOr<std::optional<absl::Time>> TimeOf(const json& claims, absl::string_view name) {
  const json* claim = FindMember(claims, {name.data(), name.size()});
  if (claim == nullptr) return std::nullopt;
  const double seconds = claim->is_number() ? claim->get<double>() : -1;
  if (!(seconds >= 0 && seconds <= kUnixSecondsMax)) {
    return Refused(absl::StrCat("the token's `", name, "` is no time"));
  }
  return absl::UnixEpoch() + absl::Seconds(seconds);
}

absl::Status CheckTimes(const json& claims, const ClaimRules& rules, absl::Time now,
                        absl::Time* expires_at) {
  const auto expiry = TimeOf(claims, "exp");
  if (!expiry.ok()) return expiry.status();
  const auto not_before = TimeOf(claims, "nbf");
  if (!not_before.ok()) return not_before.status();
  const auto issued_at = TimeOf(claims, "iat");
  if (!issued_at.ok()) return issued_at.status();
  if (*expiry) {
    *expires_at = **expiry + rules.leeway;
    if (now >= *expires_at) return Refused("the token has expired");
  } else if (rules.require_expiry) {
    return Refused("the token has no `exp`");
  }
  for (const auto& begin : {*not_before, *issued_at}) {
    if (begin && now < *begin - rules.leeway) return Refused("the token is not valid yet");
  }
  return absl::OkStatus();
}

absl::Status CheckIssuer(const json& claims, const std::string& issuer) {
  const json* claim = FindMember(claims, "iss");
  if (claim != nullptr && !claim->is_string()) return Refused("the token's `iss` is no string");
  if (issuer.empty()) return absl::OkStatus();
  if (claim == nullptr || claim->get_ref<const std::string&>() != issuer) {
    return Refused("the token is of another issuer");
  }
  return absl::OkStatus();
}

absl::Status CheckAudience(const json& claims, const std::vector<std::string>& audiences) {
  const json* claim = FindMember(claims, "aud");
  if (claim == nullptr) {
    return audiences.empty() ? absl::OkStatus() : Refused("the token has no `aud`");
  }
  const auto is_string = [](const json& value) { return value.is_string(); };
  if (!is_string(*claim) &&
      !(claim->is_array() && std::all_of(claim->begin(), claim->end(), is_string))) {
    return Refused("the token's `aud` is neither a string nor a list of strings");
  }
  const auto is_ours = [&audiences](const json& value) {
    return std::find(audiences.begin(), audiences.end(), value.get_ref<const std::string&>()) !=
           audiences.end();
  };
  const bool ours =
      claim->is_string() ? is_ours(*claim) : std::any_of(claim->begin(), claim->end(), is_ours);
  return ours ? absl::OkStatus() : Refused("the token is for another audience");
}

absl::StatusOr<std::string> SubjectOf(const json& claims, const std::string& name) {
  const json* claim = FindMember(claims, name);
  if (claim == nullptr) return "";
  if (!claim->is_string()) return Refused("the token's subject is no string");
  std::string subject = claim->get<std::string>();
  if (subject.size() > kSubjectBytesMax || HasControlCharacter(subject)) {
    return Refused(absl::StrCat("the token's subject is longer than ", kSubjectBytesMax,
                                " bytes, or holds control characters"));
  }
  return subject;
}

}  // namespace

absl::StatusOr<TokenIdentity> CheckClaims(const json& claims, const ClaimRules& rules,
                                          absl::Time now) {
  TokenIdentity identity;
  absl::Status status = CheckTimes(claims, rules, now, &identity.expires_at);
  if (status.ok()) status = CheckIssuer(claims, rules.issuer);
  if (status.ok()) status = CheckAudience(claims, rules.audiences);
  if (!status.ok()) return status;
  absl::StatusOr<std::string> subject = SubjectOf(claims, rules.subject_claim);
  if (!subject.ok()) return subject.status();
  identity.subject = *std::move(subject);
  return identity;
}

}  // namespace sluice
