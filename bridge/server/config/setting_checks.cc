#include "bridge/server/config/setting_checks.h"

#include "absl/strings/str_join.h"
#include "bridge/server/config/durations.h"

namespace sluice {

void SetTime(bool is_set, const google::protobuf::Duration& duration, const std::string& path,
             absl::Duration* out, Findings* findings) {
  if (!is_set) return;
  *out = ToAbsl(duration);
  if (*out == absl::ZeroDuration()) findings->Error(path, "is more than 0s");
}

std::string NoneOf(const std::string& word, const std::vector<std::string>& known) {
  return absl::StrCat("\"", word, "\" is none of: ", absl::StrJoin(known, ", "));
}

}  // namespace sluice
