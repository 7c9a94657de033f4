// The line of a request, as others may see it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/access/authorizer.h"
#include "bridge/http/request_head.h"

namespace sluice {

// The target without the query parameters of these names and those that a client resumes
// by; every other byte as it was sent.
std::string PublicTarget(std::string_view target, const std::vector<std::string>& removed);

// Nothing: it is not UTF-8. `credentials`: query parameters that may hold one.
std::optional<RequestLine> RequestLineOf(const RequestHead& head, bool secure,
                                         const std::vector<std::string>& credentials);

}  // namespace sluice
