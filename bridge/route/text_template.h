// Text with names in braces: "session/{session_id}", "{query.since}".
#pragma once

#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace sluice {

// The name that the authorizer's answer fills.
inline constexpr std::string_view kSubject = "subject";
inline constexpr std::string_view kSubjectTemplate = "{subject}";
// {query.NAME}: a query parameter.
inline constexpr std::string_view kQueryPrefix = "query.";
// {body.NAME}: a field of a request's JSON body; in what a call sends only.
inline constexpr std::string_view kBodyPrefix = "body.";

struct TemplatePart {
  std::string_view text;  // the literal, or the name without its braces
  bool is_name = false;
};

// A letter or '_', then letters, digits and '_'.
bool IsTemplateName(std::string_view name);

// INVALID_ARGUMENT: a brace that is not around a name, "query.NAME" or "body.NAME".
absl::StatusOr<std::vector<TemplatePart>> SplitTemplate(std::string_view text);

}  // namespace sluice
