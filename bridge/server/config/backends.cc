#include "bridge/server/config/backends.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "bridge/server/config/call_metadata.h"
#include "bridge/server/config/client_tls.h"
#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

constexpr size_t kNameBytesMax = 64;
constexpr uint32_t kResponseBytesMax = 1 << 30;

bool IsName(const std::string& text) {
  return !text.empty() && text.size() <= kNameBytesMax &&
         std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_' || c == '-';
         });
}

}  // namespace

std::vector<BackendOptions> BuildBackends(const config::v1::Config& config,
                                          const std::string& folder, Findings* findings) {
  std::vector<BackendOptions> backends;
  for (const auto& [name, backend] : config.backends()) {
    const std::string path = "backends." + name;
    if (!IsName(name)) {
      findings->Error(path, absl::StrCat("a backend's name is 1 to ", kNameBytesMax,
                                         " letters, digits, '_' and '-'"));
    }
    BackendOptions& options = backends.emplace_back();
    options.name = name;
    options.address = backend.address();
    CheckCallAddress(backend.address(), path + ".address", findings);
    if (backend.has_tls()) {
      options.tls = BuildClientTls(backend.tls(), path + ".tls", folder, findings);
    }
    if (backend.has_reflection()) options.reflection = backend.reflection();
    SetNumber(backend.has_response_bytes(), backend.response_bytes(), path + ".response_bytes",
              &options.response_bytes_max, findings, kResponseBytesMax);
  }
  std::sort(backends.begin(), backends.end(),
            [](const BackendOptions& a, const BackendOptions& b) { return a.name < b.name; });
  return backends;
}

}  // namespace sluice
