#include "bridge/http/tls_context.h"

#include <openssl/ssl.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/log.h"

namespace sluice {
namespace {

constexpr unsigned char kHttp11[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

// Of what a client offers, HTTP/1.1 or nothing (RFC 7301, section 3.2).
int SelectProtocol(SSL*, const unsigned char** selected, unsigned char* selected_bytes,
                   const unsigned char* offered, unsigned int offered_bytes, void*) {
  unsigned char* found = nullptr;
  if (SSL_select_next_proto(&found, selected_bytes, kHttp11, sizeof(kHttp11), offered,
                            offered_bytes) != OPENSSL_NPN_NEGOTIATED) {
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  *selected = found;
  return SSL_TLSEXT_ERR_OK;
}

struct Loaded {
  TlsContextPtr context;
  absl::Time expires_at;
};

absl::StatusOr<Loaded> LoadFiles(const std::string& setting, const ServerTlsOptions& options) {
  const auto named = [&](const absl::Status& status) {
    return absl::Status(status.code(), absl::StrCat(setting, ".", status.message()));
  };
  const auto files = ReadServerTls(options);
  if (!files.ok()) return named(files.status());
  auto context = MakeTlsContext(options, *files);
  if (!context.ok()) return named(context.status());
  SSL_CTX_set_alpn_select_cb(context->get(), SelectProtocol, nullptr);
  return Loaded{*std::move(context), files->expires_at};
}

}  // namespace

absl::StatusOr<std::unique_ptr<TlsContext>> TlsContext::Load(std::string setting,
                                                             ServerTlsOptions options) {
  auto loaded = LoadFiles(setting, options);
  if (!loaded.ok()) return loaded.status();
  return std::unique_ptr<TlsContext>(
      new TlsContext(std::move(setting), std::move(options), std::move(loaded->context)));
}

TlsContext::TlsContext(std::string setting, ServerTlsOptions options, TlsContextPtr first)
    : setting_(std::move(setting)),
      options_(std::move(options)),
      current_(std::move(first)),
      watch_(FilesOf(options_), [this] { Reload(); }) {}

TlsPtr TlsContext::NewConnection() const {
  const MutexLock lock(&mutex_);
  return TlsPtr(SSL_new(current_.get()));
}

void TlsContext::Reload() {
  auto loaded = LoadFiles(setting_, options_);
  if (!loaded.ok()) {
    return log::Error("TLS files have changed and cannot be used; what was read before is kept",
                      {{"error", std::string(loaded.status().message())}});
  }
  {
    const MutexLock lock(&mutex_);
    current_ = std::move(loaded->context);
  }
  log::Info("TLS files were read again",
            {{"setting", setting_},
             {"certificate_file", options_.certificate_file},
             {"expires", absl::FormatTime(loaded->expires_at, absl::UTCTimeZone())}});
}

}  // namespace sluice
