#include "bridge/server/config/client_tls.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "bridge/access/client_tls.h"
#include "sluice/config/v1/tls.pb.h"

namespace sluice {

ClientTlsOptions BuildClientTls(const config::v1::ClientTls& tls, const std::string& path,
                                const std::string& folder, Findings* findings) {
  const auto at = [&folder](const std::string& file) {
    return file.empty() ? file : (std::filesystem::path(folder) / file).string();
  };
  absl::StatusOr<ClientTlsOptions> options =
      ReadClientTls({.ca_file = at(tls.ca_file()),
                     .certificate_file = at(tls.certificate_file()),
                     .key_file = at(tls.key_file())});
  if (!options.ok()) {
    // "ca_file: what": the setting comes first.
    const std::pair<std::string, std::string> fault =
        absl::StrSplit(options.status().message(), absl::MaxSplits(": ", 1));
    findings->Error(absl::StrCat(path, ".", fault.first), fault.second);
    return {};
  }
  options->server_name = tls.server_name();
  return *std::move(options);
}

}  // namespace sluice
