// Credentials stay where they are: no topic, filter or request to a backend is made of what
// may hold one.
#pragma once

#include <string>
#include <vector>

#include "bridge/route/route.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class Credentials;
}

namespace sluice {

// The query parameters that may hold one.
std::vector<std::string> CredentialParameters(const config::v1::Credentials& credentials);

// `query_parameters`: those that may hold a credential.
void CheckKeptCredentials(const Route& route, const std::vector<std::string>& query_parameters,
                          const std::string& path, Findings* findings);

}  // namespace sluice
