#include "bridge/route/text_template.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/text.h"

namespace sluice {
namespace {

// Query parameters and fields of a body may have any name that braces can hold.
bool IsPrefixed(std::string_view name, std::string_view prefix) {
  return name.starts_with(prefix) && name.size() > prefix.size() &&
         name.find('{') == std::string_view::npos;
}

}  // namespace

bool IsTemplateName(std::string_view name) {
  if (name.empty() || absl::ascii_isdigit(name.front())) return false;
  return std::all_of(name.begin(), name.end(),
                     [](unsigned char c) { return absl::ascii_isalnum(c) || c == '_'; });
}

absl::StatusOr<std::vector<TemplatePart>> SplitTemplate(std::string_view text) {
  std::vector<TemplatePart> parts;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view literal = rest.substr(0, rest.find_first_of("{}"));
    if (!literal.empty()) parts.push_back({literal, false});
    rest.remove_prefix(literal.size());
    if (rest.empty()) break;
    const size_t close = rest.find('}');
    std::string_view name;
    if (rest.front() == '{' && close != std::string_view::npos) name = rest.substr(1, close - 1);
    const bool good =
        IsTemplateName(name) || IsPrefixed(name, kQueryPrefix) || IsPrefixed(name, kBodyPrefix);
    if (!good) {
      return absl::InvalidArgumentError(absl::StrCat(
          "'", AsAbsl(text), "': braces hold a capture's name, query.NAME or subject"));
    }
    parts.push_back({name, true});
    rest.remove_prefix(close + 1);
  }
  return parts;
}

}  // namespace sluice
