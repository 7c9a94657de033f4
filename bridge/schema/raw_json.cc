#include "bridge/schema/raw_json.h"

#include "absl/strings/str_cat.h"
#include "bridge/base/check_json.h"

namespace sluice {
namespace {

// `json` is valid.
std::string WithoutWhitespace(std::string_view json) {
  std::string compact;
  compact.reserve(json.size());
  bool in_string = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (in_string && c == '\\') {
      compact += c;
      compact += json[++i];
      continue;
    }
    if (c == '"') in_string = !in_string;
    if (in_string || (c != ' ' && c != '\t' && c != '\r' && c != '\n')) compact += c;
  }
  return compact;
}

}  // namespace

absl::StatusOr<std::string> CompactJson(std::string_view json, uint32_t depth_max) {
  const absl::Status status = CheckJson(json, {.depth_max = depth_max});
  if (absl::IsResourceExhausted(status)) {
    return absl::ResourceExhaustedError(absl::StrCat(status.message(), " (limits.json_depth)"));
  }
  if (!status.ok()) return status;
  return WithoutWhitespace(json);
}

}  // namespace sluice
