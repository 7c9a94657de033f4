// Problem details for HTTP APIs (RFC 9457).
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sluice {

// {"type":"about:blank","title":…,"status":…,"detail":…}, and "denied_topics"
// where there are some.
std::string ProblemJson(int status, std::string_view detail,
                        const std::vector<std::string>& denied_topics = {});

}  // namespace sluice
