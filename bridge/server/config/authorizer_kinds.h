// What one authorizer is made of.
#pragma once

#include <string>

#include "bridge/server/authorizers.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Authorizer;
}

namespace sluice {

// `path`: where it stands ("authorizers.opa"). Files are relative to `folder`. The names in
// a list are not checked here.
AuthorizerOptions BuildAuthorizer(const config::v1::Authorizer& config, const std::string& path,
                                  const std::string& folder, Findings* findings);

}  // namespace sluice
