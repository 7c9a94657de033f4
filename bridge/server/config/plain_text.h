// What the configuration sends over networks in plain text.
#pragma once

#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Config;
}

namespace sluice {

// Warns of listeners that others can reach without TLS, and of authorizers and backends
// that are somewhere else and asked without it. (`dev`: no authorizer is asked.)
//
// Behind a proxy on this machine the listener has a loopback address, and nothing is said;
// nor where http.trusted_proxies names one, which then ends TLS.
void WarnOfPlainText(const config::v1::Config& config, bool dev, Findings* findings);

}  // namespace sluice
