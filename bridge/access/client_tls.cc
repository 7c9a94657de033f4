#include "bridge/access/client_tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/freed.h"
#include "bridge/base/read_file.h"
#include "bridge/base/server_tls.h"

namespace sluice {
namespace {

absl::StatusOr<std::string> ReadAuthorities(const std::string& file) {
  const auto fault = [&file](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("ca_file: ", file, " ", what));
  };
  absl::StatusOr<std::string> pem = ReadFile(file, kTlsFileBytesMax);
  if (!pem.ok()) return fault(pem.status().message());
  const Freed<BIO, BIO_free> reader(BIO_new_mem_buf(pem->data(), static_cast<int>(pem->size())));
  const Freed<X509, X509_free> first(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (first == nullptr) return fault("holds no certificate in PEM");
  return pem;
}

}  // namespace

absl::StatusOr<ClientTlsOptions> ReadClientTls(const ClientTlsFiles& files) {
  ClientTlsOptions options;
  if (!files.ca_file.empty()) {
    absl::StatusOr<std::string> authorities = ReadAuthorities(files.ca_file);
    if (!authorities.ok()) return authorities.status();
    options.ca = *std::move(authorities);
  }
  if (files.certificate_file.empty()) {
    return files.key_file.empty()
               ? absl::StatusOr<ClientTlsOptions>(std::move(options))
               : absl::InvalidArgumentError("certificate_file: is needed with key_file");
  }
  if (files.key_file.empty()) {
    return absl::InvalidArgumentError("key_file: is needed with certificate_file");
  }
  // A pair is a pair, whoever shows it.
  absl::StatusOr<ServerTlsFiles> pair =
      ReadServerTls({.certificate_file = files.certificate_file, .key_file = files.key_file});
  if (!pair.ok()) return pair.status();
  options.certificate = std::move(pair->certificates);
  options.key = std::move(pair->key);
  return options;
}

}  // namespace sluice
