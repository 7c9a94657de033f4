#include "bridge/server/config/cors_policy.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/server/config/durations.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

// As browsers send it: a scheme and a host in lower case, a port that is not
// the scheme's own, and nothing after it.
bool IsOrigin(const std::string& text) {
  const size_t scheme = text.find("://");
  if (scheme == 0 || scheme == std::string::npos) return false;
  const std::string authority = text.substr(scheme + 3);
  const bool own_port = (absl::StartsWith(text, "https://") && absl::EndsWith(authority, ":443")) ||
                        (absl::StartsWith(text, "http://") && absl::EndsWith(authority, ":80"));
  return !authority.empty() && !own_port &&
         std::all_of(
             text.begin(), text.end(),
             [](unsigned char c) { return absl::ascii_isgraph(c) && !absl::ascii_isupper(c); }) &&
         authority.find_first_of("/?#@*,") == std::string::npos;
}

void CheckHeaderNames(const std::vector<std::string>& names, const std::string& path,
                      Findings* findings) {
  for (const std::string& name : names) {
    if (!IsHeaderName(name)) {
      findings->Error(path, absl::StrCat("\"", name, "\" is not the name of a header"));
    }
  }
}

}  // namespace

bool IsHeaderName(const std::string& text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char c) {
    return absl::ascii_isalnum(c) || absl::StrContains("!#$%&'*+-.^_`|~", std::string(1, c));
  });
}

CorsPolicy BuildCorsPolicy(const config::v1::Cors& cors, Findings* findings) {
  CorsPolicy policy;
  policy.origins.assign(cors.origins().begin(), cors.origins().end());
  for (const std::string& origin : policy.origins) {
    if (origin == "*" && cors.credentials()) {
      findings->Error("http.cors.credentials",
                      "browsers send no credentials to \"*\": name the origins");
    } else if (origin != "*" && !IsOrigin(origin)) {
      findings->Error("http.cors.origins",
                      absl::StrCat("\"", origin,
                                   "\" is not an origin as browsers send it: write "
                                   "\"https://app.example\", without a path, or \"*\""));
    }
  }
  policy.credentials = cors.credentials();
  if (cors.headers_size() > 0) policy.headers.assign(cors.headers().begin(), cors.headers().end());
  CheckHeaderNames(policy.headers, "http.cors.headers", findings);
  policy.exposed_headers.assign(cors.exposed_headers().begin(), cors.exposed_headers().end());
  CheckHeaderNames(policy.exposed_headers, "http.cors.exposed_headers", findings);
  if (cors.has_max_age()) policy.max_age = ToAbsl(cors.max_age());
  return policy;
}

}  // namespace sluice
