#include "bridge/server/config/plain_text.h"

#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/server/config/listen_address.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

// Only an address of this machine's loopback, or one that is none.
bool IsReached(const std::string& listen) {
  const auto address = ParseListenAddress(listen);
  return address.ok() && !address->loopback;
}

// Whether what is sent to "host:port" or "unix:/path" stays on this machine.
bool StaysHere(const std::string& address) {
  if (address.empty() || absl::StartsWith(address, "unix:")) return true;
  const auto parsed = ParseListenAddress(address);
  return parsed.ok() && parsed->loopback;
}

template <typename Called>
void WarnOfCalls(const Called& called, const std::string& path, absl::string_view what,
                 Findings* findings) {
  if (called.has_tls() || StaysHere(called.address())) return;
  findings->Warning(path + ".address",
                    absl::StrCat(called.address(), " is asked without TLS, so ", what,
                                 " can be read on the way: set ", path,
                                 ".tls, or keep the network between to yourselves"));
}

void WarnOfAuthorizer(const config::v1::Authorizer& authorizer, const std::string& path,
                      Findings* findings) {
  constexpr absl::string_view kWhat = "every credential";
  if (authorizer.has_grpc()) WarnOfCalls(authorizer.grpc(), path + ".grpc", kWhat, findings);
  if (authorizer.has_ext_authz()) {
    WarnOfCalls(authorizer.ext_authz(), path + ".ext_authz", kWhat, findings);
  }
}

}  // namespace

void WarnOfPlainText(const config::v1::Config& config, bool dev, Findings* findings) {
  const config::v1::Http& http = config.http();
  if (IsReached(http.listen()) && !http.has_tls() && http.trusted_proxies().empty()) {
    findings->Warning("http.listen",
                      absl::StrCat(http.listen(),
                                   " is not encrypted: set http.tls, or put a proxy before it that "
                                   "ends TLS and name it in http.trusted_proxies"));
  }
  if (IsReached(config.grpc().listen()) && !config.grpc().has_tls()) {
    findings->Warning("grpc.listen", absl::StrCat(config.grpc().listen(),
                                                  " is not encrypted: keep it in a network where "
                                                  "everybody may read it, or set grpc.tls"));
  }
  if (!dev) {
    WarnOfAuthorizer(config.authorizer(), "authorizer", findings);
    for (const auto& [name, authorizer] : config.authorizers()) {
      WarnOfAuthorizer(authorizer, "authorizers." + name, findings);
    }
  }
  for (const auto& [name, backend] : config.backends()) {
    WarnOfCalls(backend, "backends." + name, "what it answers", findings);
  }
}

}  // namespace sluice
