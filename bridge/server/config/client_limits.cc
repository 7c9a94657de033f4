#include "bridge/server/config/client_limits.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/ip_address.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

void SetTrustedProxies(const config::v1::Http& http, HttpOptions* options, Findings* findings) {
  for (int i = 0; i < http.trusted_proxies_size(); ++i) {
    const std::string& network = http.trusted_proxies(i);
    const std::string path = absl::StrCat("http.trusted_proxies[", i, "]");
    if (const absl::Status status = IpNetworks().Add(network); !status.ok()) {
      findings->Error(path, std::string(status.message()));
      continue;
    }
    if (absl::EndsWith(network, "/0")) {
      findings->Warning(path, "believes everybody: whoever connects can say to be any address");
    }
    options->trusted_proxies.push_back(network);
  }
}

}  // namespace

void SetClientLimits(const config::v1::Config& config, HttpOptions* options, Findings* findings) {
  const config::v1::Limits& limits = config.limits();
  options->sessions_per_address_max = limits.sessions_per_address();
  options->sessions_per_subject_max = limits.sessions_per_subject();
  options->new_sessions_per_address_max = limits.new_sessions_per_address();
  options->new_sessions_per_subject_max = limits.new_sessions_per_subject();
  SetTrustedProxies(config.http(), options, findings);
}

}  // namespace sluice
