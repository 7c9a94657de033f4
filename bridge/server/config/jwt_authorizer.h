// The `jwt` authorizer of the configuration.
#pragma once

#include <filesystem>
#include <string>

#include "bridge/access/jwt/jwt_authorizer.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class JwtAuthorizer;
}

namespace sluice {

// `path` is where it was written ("authorizers.users.jwt"); files are relative to
// `folder`. Keys are read, so that whatever is wrong with them is said here; no finding
// repeats one.
JwtAuthorizerOptions BuildJwtAuthorizer(const config::v1::JwtAuthorizer& jwt,
                                        const std::string& path,
                                        const std::filesystem::path& folder, Findings* findings);

}  // namespace sluice
