// Who a certificate is for.
#pragma once

#include <openssl/types.h>

#include <string>
#include <vector>

namespace sluice {

// Its subject alternative names (RFC 5280, section 4.2.1.6) of the kinds DNS, URI, email
// and IP address, as text: "client.example", "spiffe://example/client", "::1". Names that
// are not printable ASCII are left out: they could be taken for another.
std::vector<std::string> CertificateNames(const X509& certificate);

}  // namespace sluice
