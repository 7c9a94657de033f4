// What the owner of a token may do: by the configuration's patterns, which its claims
// fill, and by claims of its own.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event/topic_pattern.h"

namespace sluice {

struct RightRules {
  // "user/{sub}/**", where "{CLAIM}" is a string claim of the token, and {subject} its
  // subject.
  std::vector<std::string> subscribe;
  std::vector<std::string> publish;
  // The claim of the token's own rights: an object, or claims of their own
  // ("sluice.subscribe").
  std::string claim = "sluice";
};

struct TokenRights {
  std::vector<TopicPattern> subscribe;
  std::vector<TopicPattern> publish;
  bool stats = false;
  bool admin = false;
};

// Whether a pattern could be filled: INVALID_ARGUMENT says what is wrong.
absl::Status CheckPatternTemplate(std::string_view text);

// UNAUTHENTICATED: the token's own rights say nothing that makes sense.
absl::StatusOr<TokenRights> RightsOf(const nlohmann::json& claims, const std::string& subject,
                                     const RightRules& rules);

}  // namespace sluice
