// What a certificate authorizer goes by.
#pragma once

#include <string>
#include <vector>

#include "bridge/access/certificate_authorizer.h"
#include "bridge/server/config/findings.h"

namespace sluice::config::v1 {
class CertificateAuthorizer;
}

namespace sluice {

// `path`: "authorizers.services.certificate".
std::vector<CertificateRule> BuildCertificateRules(const config::v1::CertificateAuthorizer& config,
                                                   const std::string& path, Findings* findings);

}  // namespace sluice
