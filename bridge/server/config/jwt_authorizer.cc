#include "bridge/server/config/jwt_authorizer.h"

#include <optional>
#include <set>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "bridge/access/client_tls.h"
#include "bridge/access/jwt/http_fetch.h"
#include "bridge/server/config/durations.h"
#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/authorizer.pb.h"

namespace sluice {
namespace {

constexpr size_t kKeyFileBytesMax = 64 * 1024;
constexpr absl::Duration kLeewayMax = absl::Hours(1);
constexpr absl::Duration kRefreshMin = absl::Seconds(1);

std::string Text(const absl::Status& status) { return std::string(status.message()); }

// One of `keys`.
class KeyReader {
 public:
  KeyReader(const config::v1::JwtKey& key, std::string path, const std::filesystem::path& folder,
            Findings* findings)
      : key_(key), path_(std::move(path)), folder_(folder), findings_(findings) {}

  void ReadInto(JwtAuthorizerOptions* options);

 private:
  using Source = config::v1::JwtKey::SourceCase;

  bool IsSet() const { return key_.source_case() == Source::kJwksFile || IsUrl(); }
  bool IsUrl() const { return key_.source_case() == Source::kJwksUrl; }
  void CheckId();
  // Whether it is none of `algorithm` that there is a fault.
  bool ReadAlgorithm();
  void ReadUrl(JwtAuthorizerOptions* options);
  void ReadAuthorities(JwksUrlOptions* url);
  void ReadFile(JwtAuthorizerOptions* options);
  void ReadSingle(JwtAuthorizerOptions* options);
  absl::StatusOr<VerificationKey> SingleKey();

  const config::v1::JwtKey& key_;
  const std::string path_;
  const std::filesystem::path& folder_;
  Findings* findings_;
  std::optional<JwtAlgorithm> algorithm_;
};

void KeyReader::ReadInto(JwtAuthorizerOptions* options) {
  if (key_.source_case() == Source::SOURCE_NOT_SET) {
    findings_->Error(path_,
                     "needs one of `secret`, `secret_file`, `public_key_file`, "
                     "`jwks_file` and `jwks_url`");
    return;
  }
  CheckId();
  if (key_.has_refresh() && !IsUrl()) findings_->Error(path_ + ".refresh", "is for a `jwks_url`");
  if (!key_.ca_file().empty() && !IsUrl()) {
    findings_->Error(path_ + ".ca_file", "is for a `jwks_url`");
  }
  if (!ReadAlgorithm()) return;
  if (IsUrl()) {
    ReadUrl(options);
  } else if (IsSet()) {
    ReadFile(options);
  } else {
    ReadSingle(options);
  }
}

void KeyReader::CheckId() {
  if (IsSet() && !key_.id().empty()) {
    findings_->Error(path_ + ".id", "is for a single key: those of a key set have their own");
  }
  if (key_.id().size() > kJwtKeyIdBytesMax) {
    findings_->Error(path_ + ".id", absl::StrCat("is longer than ", kJwtKeyIdBytesMax, " bytes"));
  }
}

bool KeyReader::ReadAlgorithm() {
  if (key_.algorithm().empty()) {
    if (IsSet()) return true;
    findings_->Error(path_ + ".algorithm",
                     absl::StrCat("is required: what the key signs, ", kJwtAlgorithmNames));
    return false;
  }
  algorithm_ = ParseJwtAlgorithm(key_.algorithm());
  if (algorithm_) return true;
  findings_->Error(path_ + ".algorithm",
                   NoneOf(key_.algorithm(), {"HS256", "RS256", "ES256", "EdDSA"}));
  return false;
}

void KeyReader::ReadUrl(JwtAuthorizerOptions* options) {
  JwksUrlOptions url{.url = key_.jwks_url(), .only = algorithm_};
  if (const absl::Status status = CheckFetchUrl(url.url); !status.ok()) {
    findings_->Error(path_ + ".jwks_url", Text(status));
  } else if (IsOpenToOthers(url.url)) {
    findings_->Warning(path_ + ".jwks_url",
                       "is not encrypted: whoever is on the way can hand in keys of his own");
  }
  if (key_.has_refresh()) {
    url.refresh = ToAbsl(key_.refresh());
    if (url.refresh < kRefreshMin) findings_->Error(path_ + ".refresh", "is 1s or more");
  }
  if (!key_.ca_file().empty()) ReadAuthorities(&url);
  options->urls.push_back(std::move(url));
}

void KeyReader::ReadAuthorities(JwksUrlOptions* url) {
  url->ca_file = folder_ / key_.ca_file();
  if (!absl::StartsWithIgnoreCase(url->url, "https://")) {
    findings_->Error(path_ + ".ca_file", "is for an address that begins with https://");
  } else if (const auto read = ReadClientTls({.ca_file = url->ca_file}); !read.ok()) {
    absl::string_view what = read.status().message();
    absl::ConsumePrefix(&what, "ca_file: ");
    findings_->Error(path_ + ".ca_file", std::string(what));
  }
}

void KeyReader::ReadFile(JwtAuthorizerOptions* options) {
  JwksFileOptions file{.path = folder_ / key_.jwks_file(), .only = algorithm_};
  if (const auto read = ReadJwksFile(file); !read.ok()) {
    findings_->Error(path_ + ".jwks_file", absl::StrCat(file.path, ": ", Text(read.status())));
  } else if (read->keys->size() == 0) {
    findings_->Warning(path_ + ".jwks_file",
                       absl::StrCat(file.path, ": holds no keys, so no token is good"));
  } else if (read->skipped > 0) {
    findings_->Warning(
        path_ + ".jwks_file",
        absl::StrCat(file.path, ": ", read->skipped, " keys are not used: ", read->why_skipped));
  }
  options->files.push_back(std::move(file));
}

absl::StatusOr<VerificationKey> KeyReader::SingleKey() {
  const bool pem = key_.source_case() == Source::kPublicKeyFile;
  if (!pem && *algorithm_ != JwtAlgorithm::kHs256) {
    return absl::InvalidArgumentError(
        absl::StrCat("a secret is for HS256: ", key_.algorithm(), " takes a `public_key_file`"));
  }
  if (key_.source_case() == Source::kSecret) return VerificationKey::OfSecret(key_.secret());
  const std::string file = folder_ / (pem ? key_.public_key_file() : key_.secret_file());
  const auto in_file = [&file](const absl::Status& status) {
    return absl::InvalidArgumentError(absl::StrCat(file, ": ", status.message()));
  };
  const absl::StatusOr<std::string> text = ReadKeyFile(file, kKeyFileBytesMax);
  if (!text.ok()) return in_file(text.status());
  absl::string_view secret = *text;
  if (absl::ConsumeSuffix(&secret, "\n")) absl::ConsumeSuffix(&secret, "\r");
  auto key = pem ? VerificationKey::OfPem(*algorithm_, *text)
                 : VerificationKey::OfSecret(std::string(secret));
  return key.ok() ? key : in_file(key.status());
}

void KeyReader::ReadSingle(JwtAuthorizerOptions* options) {
  absl::StatusOr<VerificationKey> key = SingleKey();
  if (key.ok()) {
    options->keys.push_back({.id = key_.id(), .key = *std::move(key)});
    return;
  }
  const char* name = key_.source_case() == Source::kSecret       ? ".secret"
                     : key_.source_case() == Source::kSecretFile ? ".secret_file"
                                                                 : ".public_key_file";
  findings_->Error(path_ + name, Text(key.status()));
}

void ReadKeys(const config::v1::JwtAuthorizer& jwt, const std::string& path,
              const std::filesystem::path& folder, JwtAuthorizerOptions* options,
              Findings* findings) {
  if (jwt.keys().empty()) {
    findings->Error(path + ".keys", "is required: what tokens are signed with");
  }
  std::set<std::pair<std::string, std::string>> seen;
  for (int i = 0; i < jwt.keys_size(); ++i) {
    const config::v1::JwtKey& key = jwt.keys(i);
    const std::string key_path = absl::StrCat(path, ".keys[", i, "]");
    const bool single = !key.has_jwks_file() && !key.has_jwks_url();
    if (single && !seen.emplace(key.id(), key.algorithm()).second) {
      findings->Error(key_path + ".id",
                      "there is a key of this id and algorithm already: give each its own `id`");
    }
    KeyReader(key, key_path, folder, findings).ReadInto(options);
  }
}

void CheckPatterns(const std::vector<std::string>& patterns, const std::string& path,
                   Findings* findings) {
  for (size_t i = 0; i < patterns.size(); ++i) {
    if (const absl::Status status = CheckPatternTemplate(patterns[i]); !status.ok()) {
      findings->Error(absl::StrCat(path, "[", i, "]"), Text(status));
    }
  }
}

}  // namespace

JwtAuthorizerOptions BuildJwtAuthorizer(const config::v1::JwtAuthorizer& jwt,
                                        const std::string& path,
                                        const std::filesystem::path& folder, Findings* findings) {
  JwtAuthorizerOptions options;
  ReadKeys(jwt, path, folder, &options, findings);
  ClaimRules& claims = options.claims;
  claims.issuer = jwt.issuer();
  claims.audiences.assign(jwt.audiences().begin(), jwt.audiences().end());
  for (size_t i = 0; i < claims.audiences.size(); ++i) {
    if (claims.audiences[i].empty()) {
      findings->Error(absl::StrCat(path, ".audiences[", i, "]"), "is empty");
    }
  }
  if (jwt.has_leeway()) {
    claims.leeway = ToAbsl(jwt.leeway());
    if (claims.leeway > kLeewayMax) findings->Error(path + ".leeway", "is at most 1h");
  }
  if (jwt.has_require_expiry()) claims.require_expiry = jwt.require_expiry();
  if (!jwt.subject_claim().empty()) claims.subject_claim = jwt.subject_claim();
  RightRules& rights = options.rights;
  rights.subscribe.assign(jwt.subscribe().begin(), jwt.subscribe().end());
  CheckPatterns(rights.subscribe, path + ".subscribe", findings);
  rights.publish.assign(jwt.publish().begin(), jwt.publish().end());
  CheckPatterns(rights.publish, path + ".publish", findings);
  if (!jwt.claim().empty()) rights.claim = jwt.claim();
  return options;
}

}  // namespace sluice
