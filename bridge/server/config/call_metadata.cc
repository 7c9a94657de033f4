#include "bridge/server/config/call_metadata.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "bridge/relay/metadata.h"

namespace sluice {
namespace {

void CheckKey(const std::string& key, const std::string& path, Findings* findings) {
  if (const absl::Status status = CheckMetadataKey(key); !status.ok()) {
    findings->Error(path, std::string(status.message()));
  } else if (key == kSubjectKey) {
    findings->Error(path, absl::StrCat(kSubjectKey, " is the bridge's own: who the authorizer ",
                                       "says the caller is"));
  }
}

}  // namespace

void CheckCallAddress(const std::string& address, const std::string& path, Findings* findings) {
  const size_t colon = address.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == address.size()) {
    findings->Error(path, "is required: \"host:port\" or \"unix:/path\"");
  }
}

std::vector<std::pair<std::string, std::string>> BuildMetadata(
    const google::protobuf::Map<std::string, std::string>& metadata, const std::string& path,
    Findings* findings) {
  std::vector<std::pair<std::string, std::string>> built(metadata.begin(), metadata.end());
  std::sort(built.begin(), built.end());
  for (const auto& [key, value] : built) {
    const std::string key_path = absl::StrCat(path, ".", key);
    CheckKey(key, key_path, findings);
    if (const auto sent = MetadataValue(key, value); !sent.ok()) {
      findings->Error(key_path, std::string(sent.status().message()));
    }
  }
  return built;
}

std::vector<std::string> BuildForwardedHeaders(
    const google::protobuf::RepeatedPtrField<std::string>& headers, const std::string& path,
    Findings* findings) {
  std::vector<std::string> built;
  for (int i = 0; i < headers.size(); ++i) {
    const std::string& name = headers[i];
    const std::string name_path = absl::StrCat(path, "[", i, "]");
    CheckKey(name, name_path, findings);
    if (name == "cookie") {
      findings->Error(name_path,
                      "cookies are not sent on: they hold more than one backend may see. "
                      "(The subject goes along; a token in `authorization` may.)");
    }
    if (std::find(built.begin(), built.end(), name) == built.end()) built.push_back(name);
  }
  return built;
}

}  // namespace sluice
