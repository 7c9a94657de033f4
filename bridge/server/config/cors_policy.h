// Which origins may read the streams from a browser.
#pragma once

#include <string>

#include "bridge/http/http_server.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Cors;
}

namespace sluice {

CorsPolicy BuildCorsPolicy(const config::v1::Cors& cors, Findings* findings);

// A token (RFC 9110, section 5.6.2).
bool IsHeaderName(const std::string& text);

}  // namespace sluice
