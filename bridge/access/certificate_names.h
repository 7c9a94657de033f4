// What may be gone by in a client's certificate.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace sluice {

// INVALID_ARGUMENT: there are more than 64 names, or one is empty, longer than 1024 bytes or
// not printable ASCII, and could be taken for another. Then none of them counts: to leave one
// out would be to decide about it.
absl::Status CheckCertificateNames(const std::vector<std::string>& names);

}  // namespace sluice
