#include "bridge/http/problem.h"

#include "bridge/http/status.h"
#include "nlohmann/json.hpp"

namespace sluice {

std::string ProblemJson(int status, std::string_view detail,
                        const std::vector<std::string>& denied_topics) {
  nlohmann::ordered_json problem = {{"type", "about:blank"},
                                    {"title", StatusTitle(status)},
                                    {"status", status},
                                    {"detail", detail}};
  if (!denied_topics.empty()) problem["denied_topics"] = denied_topics;
  // Whatever a detail repeats, the answer is valid JSON.
  return problem.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace sluice
