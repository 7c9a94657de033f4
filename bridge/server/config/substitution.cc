#include "bridge/server/config/substitution.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

bool IsName(const std::string& text) {
  return !text.empty() && !absl::ascii_isdigit(text[0]) &&
         std::all_of(text.begin(), text.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

bool IsLater(const std::string& inside, const std::set<std::string>& later) {
  if (later.contains(inside)) return inside.back() != '.';
  if (inside.find(":-") != std::string::npos) return false;  // it would have no effect
  const size_t prefix = inside.find('.') + 1;
  return prefix < inside.size() && later.contains(inside.substr(0, prefix));
}

// `inside` is what stands between the braces.
absl::StatusOr<std::string> Value(const std::string& inside, const Environment& environment,
                                  const std::set<std::string>& later) {
  if (IsLater(inside, later)) return absl::StrCat("${", inside, "}");
  const size_t dash = inside.find(":-");
  const std::string name = inside.substr(0, dash);
  if (!IsName(name)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"${", inside, "}\" names no environment variable: write ${NAME} or ${NAME:-default}"));
  }
  const auto variable = environment.find(name);
  const bool is_set = variable != environment.end();
  if (dash != std::string::npos) {
    return is_set && !variable->second.empty() ? variable->second : inside.substr(dash + 2);
  }
  if (is_set) return variable->second;
  return absl::InvalidArgumentError(absl::StrCat("the environment variable ", name,
                                                 " is not set; write ${", name,
                                                 ":-default} if it need not be"));
}

}  // namespace

absl::StatusOr<std::string> Substitute(const std::string& text, const Environment& environment,
                                       const std::set<std::string>& later) {
  std::string result;
  size_t from = 0;
  for (;;) {
    const size_t open = text.find("${", from);
    result += text.substr(from, open - from);
    if (open == std::string::npos) return result;
    const size_t close = text.find('}', open);
    if (close == std::string::npos) {
      return absl::InvalidArgumentError(absl::StrCat("\"", text, "\" has a \"${\" without its }"));
    }
    const auto value = Value(text.substr(open + 2, close - open - 2), environment, later);
    if (!value.ok()) return value.status();
    result += *value;
    from = close + 1;
  }
}

}  // namespace sluice
