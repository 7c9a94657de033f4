#include "bridge/rpc/rpc_tls.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "bridge/base/file_watch.h"
#include "bridge/base/log.h"
#include "bridge/base/mutex.h"
#include "bridge/base/server_tls.h"

namespace sluice {
namespace {

grpc_ssl_client_certificate_request_type ToGrpc(ClientCertificates wanted) {
  switch (wanted) {
    case ClientCertificates::kOptional:
      return GRPC_SSL_REQUEST_CLIENT_CERTIFICATE_AND_VERIFY;
    case ClientCertificates::kRequired:
      return GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY;
    case ClientCertificates::kNone:
      break;
  }
  return GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE;
}

class ReloadingCredentials final : public grpc::ServerCredentials {
 public:
  ReloadingCredentials(ServerTlsOptions options, ServerTlsFiles files)
      : options_(std::move(options)),
        files_(std::move(files)),
        credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                ToGrpc(options_.client_certificates), Fetch, this))),
        watch_(FilesOf(options_), [this] { Reload(); }) {}
  ~ReloadingCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  // The watch's thread.
  void Reload() {
    absl::StatusOr<ServerTlsFiles> files = ReadServerTls(options_);
    if (!files.ok()) {
      log::Error("TLS files have changed and cannot be used; what was read before is kept",
                 {{"error", absl::StrCat("grpc.tls.", files.status().message())}});
      return;
    }
    log::Info("TLS files were read again",
              {{"setting", "grpc.tls"},
               {"certificate_file", options_.certificate_file},
               {"expires", absl::FormatTime(files->expires_at, absl::UTCTimeZone())}});
    const MutexLock lock(&mutex_);
    files_ = *std::move(files);
    fetched_ = false;
  }

  // Before each handshake, one at a time. (Of one server: it is told of each change once.)
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* self, grpc_ssl_server_certificate_config** config) {
    return static_cast<ReloadingCredentials*>(self)->Fetch(config);
  }
  grpc_ssl_certificate_config_reload_status Fetch(grpc_ssl_server_certificate_config** config) {
    const MutexLock lock(&mutex_);
    if (std::exchange(fetched_, true)) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    // It takes no pair without authorities. Where no certificate is asked for, they are of
    // no consequence.
    const bool verifies = options_.client_certificates != ClientCertificates::kNone;
    const std::string& authorities = verifies ? files_.client_ca : files_.certificates;
    const grpc_ssl_pem_key_cert_pair pair = {files_.key.c_str(), files_.certificates.c_str()};
    *config = grpc_ssl_server_certificate_config_create(authorities.c_str(), &pair, 1);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }

  const ServerTlsOptions options_;
  Mutex mutex_;
  ServerTlsFiles files_ ABSL_GUARDED_BY(mutex_);
  bool fetched_ ABSL_GUARDED_BY(mutex_) = false;
  grpc_server_credentials* const credentials_;
  FileWatch watch_;  // ends first
};

}  // namespace

absl::StatusOr<std::shared_ptr<grpc::ServerCredentials>> MakeServerCredentials(
    const ServerTlsOptions& options) {
  absl::StatusOr<ServerTlsFiles> files = ReadServerTls(options);
  if (!files.ok()) return files.status();
  return std::make_shared<ReloadingCredentials>(options, *std::move(files));
}

}  // namespace sluice
