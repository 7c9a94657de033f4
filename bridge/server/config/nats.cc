#include "bridge/server/config/nats.h"

#include <filesystem>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "bridge/base/read_file.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

// What stands in a file, without the line break that editors put at its end.
std::string ReadSecret(const std::string& file, const std::string& folder, const std::string& path,
                       Findings* findings) {
  if (file.empty()) return "";
  absl::StatusOr<std::string> secret = ReadFile(std::filesystem::path(folder) / file, 4096);
  if (!secret.ok()) {
    findings->Error(path, std::string(secret.status().message()));
    return "";
  }
  return std::string(absl::StripTrailingAsciiWhitespace(*secret));
}

template <typename Message>
void SetCredentials(const Message& message, const std::string& folder, const std::string& path,
                    NatsOptions* nats, Findings* findings) {
  const auto in_folder = [&](const std::string& file) {
    return file.empty() ? file : (std::filesystem::path(folder) / file).string();
  };
  nats->credentials_file = in_folder(message.credentials_file());
  nats->nkey = message.nkey();
  nats->nkey_seed_file = in_folder(message.nkey_seed_file());
  nats->user = message.user();
  nats->password = ReadSecret(message.password_file(), folder, path + "password_file", findings);
  nats->token = ReadSecret(message.token_file(), folder, path + "token_file", findings);
  const int kinds = (nats->credentials_file.empty() ? 0 : 1) + (nats->nkey.empty() ? 0 : 1) +
                    (nats->user.empty() ? 0 : 1) + (message.token_file().empty() ? 0 : 1);
  if (kinds > 1) {
    findings->Error(path.substr(0, path.size() - 1),
                    "has more than one of credentials_file, nkey, user and token_file");
  }
  if (nats->nkey.empty() != nats->nkey_seed_file.empty()) {
    findings->Error(path + "nkey", "and nkey_seed_file go together");
  }
  if (nats->user.empty() != message.password_file().empty()) {
    findings->Error(path + "user", "and password_file go together");
  }
  if (!message.has_tls()) return;
  const config::v1::NatsTls& tls = message.tls();
  nats->tls = true;
  nats->tls_ca_file = in_folder(tls.ca_file());
  nats->tls_certificate_file = in_folder(tls.certificate_file());
  nats->tls_key_file = in_folder(tls.key_file());
  nats->tls_server_name = tls.server_name();
  if (tls.ca_file().empty()) findings->Error(path + "tls.ca_file", "is required");
  if (tls.server_name().empty()) findings->Error(path + "tls.server_name", "is required");
  if (tls.certificate_file().empty() != tls.key_file().empty()) {
    findings->Error(path + "tls.certificate_file", "and key_file go together");
  }
}

template <typename Message>
void SetServers(const Message& message, const std::string& path, NatsOptions* nats,
                Findings* findings) {
  nats->servers.assign(message.servers().begin(), message.servers().end());
  if (nats->servers.empty()) findings->Error(path + "servers", "is required");
  for (size_t i = 0; i < nats->servers.size(); ++i) {
    const std::string& server = nats->servers[i];
    const std::string at = absl::StrCat(path, "servers[", i, "]");
    const size_t scheme_ends = server.find("://");
    const std::string scheme =
        scheme_ends == std::string::npos ? "nats" : server.substr(0, scheme_ends);
    // (What stands there is not repeated: it may be a secret.)
    if (absl::StrContains(server, '@')) {
      findings->Error(at,
                      "holds credentials, which would be logged: they have keys of their own "
                      "(user and password_file, token_file)");
    } else if (server.empty() || (scheme != "nats" && scheme != "tls")) {
      findings->Error(at, "is not of the form nats://host:4222 or tls://host:4222");
    } else if (scheme == "tls" && !message.has_tls()) {
      findings->Error(at, absl::StrCat("needs ", path, "tls"));
    }
  }
}

}  // namespace

void SetNats(const config::v1::Nats& message, const std::string& folder, const std::string& path,
             NatsOptions* nats, Findings* findings) {
  SetServers(message, path, nats, findings);
  SetCredentials(message, folder, path, nats, findings);
}

void SetNats(const config::v1::JetstreamEventLog& message, const std::string& folder,
             const std::string& path, NatsOptions* nats, Findings* findings) {
  SetServers(message, path, nats, findings);
  SetCredentials(message, folder, path, nats, findings);
}

}  // namespace sluice
