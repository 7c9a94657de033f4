#include "bridge/access/client_tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bridge/base/freed.h"
#include "bridge/base/server_tls.h"

namespace sluice {
namespace {

// A system's whole store has a quarter of it.
constexpr size_t kFileBytesMax = 1 << 20;

absl::StatusOr<std::string> ReadAuthorities(const std::string& file) {
  const auto fault = [&file](absl::string_view what) {
    return absl::InvalidArgumentError(absl::StrCat("ca_file: ", file, what));
  };
  errno = 0;
  std::ifstream stream(file, std::ios::binary);
  std::string pem(kFileBytesMax + 1, '\0');
  stream.read(pem.data(), static_cast<std::streamsize>(pem.size()));
  if (!stream.is_open() || stream.bad()) {
    return fault(" cannot be read: " + std::generic_category().message(errno != 0 ? errno : EIO));
  }
  pem.resize(static_cast<size_t>(stream.gcount()));
  if (pem.size() > kFileBytesMax) {
    return fault(absl::StrCat(" has more than ", kFileBytesMax, " bytes"));
  }
  const Freed<BIO, BIO_free> reader(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Freed<X509, X509_free> first(PEM_read_bio_X509(reader.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  return first == nullptr ? absl::StatusOr<std::string>(fault(" holds no certificate in PEM"))
                          : std::move(pem);
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
