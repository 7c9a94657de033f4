// What one authorizer is made of.
#pragma once

#include <string>

#include "bridge/server/authorizers.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Authorizer;
}

namespace sluice {

// `path`: where it stands ("authorizers.opa"). The names in a list are not checked here.
AuthorizerOptions BuildAuthorizer(const config::v1::Authorizer& config, const std::string& path,
                                  Findings* findings);

}  // namespace sluice
