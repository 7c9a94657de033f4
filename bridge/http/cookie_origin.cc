#include "bridge/http/cookie_origin.h"

#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace sluice {
namespace {

// As a browser writes the origin of a page of this host: in lower case, without the
// port that is the scheme's own.
std::string OwnOrigin(const RequestHead& head, bool secure) {
  const std::string host = absl::AsciiStrToLower(head.Field("host").value_or(""));
  return absl::StrCat(secure ? "https://" : "http://",
                      absl::StripSuffix(host, secure ? ":443" : ":80"));
}

}  // namespace

absl::Status CheckCookieOrigin(const RequestHead& head, const Cors& cors, bool secure) {
  if (const std::optional<std::string> origin = head.Field("origin")) {
    if (*origin == OwnOrigin(head, secure) || cors.Names(*origin)) return absl::OkStatus();
    return absl::PermissionDeniedError(
        "the cookie was not taken, because the request's Origin is neither this host nor one of "
        "http.cors.origins");
  }
  // A page's request for its own host names no origin, when it only reads. (Scripts cannot
  // set this field.)
  if (head.Field("sec-fetch-site") == "same-origin") return absl::OkStatus();
  return absl::PermissionDeniedError(
      "the cookie was not taken, because the request shows neither an Origin nor "
      "Sec-Fetch-Site: same-origin");
}

}  // namespace sluice
