#include "bridge/server/call_metadata.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/utf8.h"

namespace sluice {
namespace {

// What HTTP/2 or gRPC gives a meaning of its own, or the bridge sets itself: a caller
// who could set "sluice-subject" could be anybody.
constexpr const char* kReserved[] = {
    "connection", "content-length", "content-type",      "host",    "keep-alive", "sluice-subject",
    "te",         "trailer",        "transfer-encoding", "upgrade", "user-agent"};

// gRPC over HTTP/2, "Custom-Metadata".
bool IsMetadataKey(const std::string& key) {
  return !key.empty() && std::all_of(key.begin(), key.end(), [](unsigned char c) {
    return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-' || c == '.';
  });
}

// What is wrong with the key; empty: nothing.
std::string FaultOf(const std::string& key) {
  if (!IsMetadataKey(key)) {
    return absl::StrCat("\"", key,
                        "\" is no key of gRPC metadata: lower-case letters, digits, '-', '_', '.'");
  }
  if (absl::StartsWith(key, "grpc-") ||
      std::find(std::begin(kReserved), std::end(kReserved), key) != std::end(kReserved)) {
    return absl::StrCat("\"", key, "\" is reserved: gRPC or the bridge itself sets it");
  }
  if (absl::EndsWith(key, "-bin")) {
    return absl::StrCat("\"", key, "\" is for binary values, which cannot be sent from here");
  }
  return "";
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
    if (const std::string fault = FaultOf(key); !fault.empty()) findings->Error(key_path, fault);
    if (!IsPrintableAscii(value)) findings->Error(key_path, "is not printable ASCII");
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
    if (const std::string fault = FaultOf(name); !fault.empty()) findings->Error(name_path, fault);
    if (std::find(built.begin(), built.end(), name) == built.end()) built.push_back(name);
  }
  return built;
}

}  // namespace sluice
