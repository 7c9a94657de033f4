#include "bridge/server/config/tls.h"

#include <filesystem>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "bridge/base/server_tls.h"
#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/tls.pb.h"

namespace sluice {
namespace {

std::string InFolder(const std::string& folder, const std::string& file) {
  return file.empty() ? file : (std::filesystem::path(folder) / file).string();
}

void CheckFiles(const ServerTlsOptions& options, const std::string& path, Findings* findings) {
  const auto files = ReadServerTls(options);
  if (!files.ok()) {
    // "key_file: what": the setting comes first.
    const std::pair<std::string, std::string> fault =
        absl::StrSplit(files.status().message(), absl::MaxSplits(": ", 1));
    return findings->Error(absl::StrCat(path, ".", fault.first), fault.second);
  }
  if (files->expires_at <= absl::Now()) {
    findings->Warning(path + ".certificate_file",
                      absl::StrCat(options.certificate_file, " has expired at ",
                                   absl::FormatTime(files->expires_at, absl::UTCTimeZone())));
  }
}

}  // namespace

std::optional<ServerTlsOptions> BuildServerTls(const config::v1::ServerTls& tls,
                                               const std::string& path, const std::string& folder,
                                               Findings* findings) {
  ServerTlsOptions options{.certificate_file = InFolder(folder, tls.certificate_file()),
                           .key_file = InFolder(folder, tls.key_file()),
                           .client_ca_file = InFolder(folder, tls.client_ca_file())};
  const size_t faults = findings->errors().size();
  if (tls.certificate_file().empty()) findings->Error(path + ".certificate_file", "is required");
  if (tls.key_file().empty()) findings->Error(path + ".key_file", "is required");
  if (!options.client_ca_file.empty()) {
    options.client_certificates = ClientCertificates::kRequired;
  }
  SetWord(tls.client_certificates(), path + ".client_certificates",
          {{"none", ClientCertificates::kNone},
           {"optional", ClientCertificates::kOptional},
           {"required", ClientCertificates::kRequired}},
          &options.client_certificates, findings);
  if (options.client_certificates != ClientCertificates::kNone && options.client_ca_file.empty()) {
    findings->Error(path + ".client_ca_file", "is needed to verify the certificates of clients");
  }
  if (findings->errors().size() == faults) CheckFiles(options, path, findings);
  return options;
}

}  // namespace sluice
