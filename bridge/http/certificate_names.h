// Who a certificate is for.
#pragma once

#include <openssl/types.h>

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

// Its subject alternative names (RFC 5280, section 4.2.1.6) of the kinds DNS, URI, email
// and IP address, as text: "client.example", "spiffe://example/client", "::1".
// INVALID_ARGUMENT: they cannot be gone by (CheckCertificateNames).
absl::StatusOr<std::vector<std::string>> CertificateNames(const X509& certificate);

}  // namespace sluice
