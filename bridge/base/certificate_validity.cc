#include "bridge/base/certificate_validity.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "bridge/base/freed.h"

namespace sluice {
namespace {

constexpr CertificateValidity Never() { return {absl::InfiniteFuture(), absl::InfinitePast()}; }

bool Read(const ASN1_TIME* from, absl::Time* time) {
  tm read{};
  if (ASN1_TIME_to_tm(from, &read) != 1) return false;
  *time = absl::FromTM(read, absl::UTCTimeZone());
  return true;
}

// Nobody is asked for a passphrase: there may be no terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

CertificateValidity ValidityOf(const X509& certificate) {
  CertificateValidity validity;
  const bool read = Read(X509_get0_notBefore(&certificate), &validity.from) &&
                    Read(X509_get0_notAfter(&certificate), &validity.until);
  return read ? validity : Never();
}

CertificateValidity ValidityOfPem(std::string_view pem) {
  const Freed<BIO, BIO_free> reader(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Freed<X509, X509_free> certificate(
      PEM_read_bio_X509(reader.get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return certificate == nullptr ? Never() : ValidityOf(*certificate);
}

}  // namespace sluice
