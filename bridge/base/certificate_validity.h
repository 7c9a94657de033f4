// When a certificate counts.
#pragma once

#include <openssl/types.h>

#include <string_view>

#include "absl/time/time.h"

namespace sluice {

// Both ends are a part of it (RFC 5280, section 4.1.2.5).
struct CertificateValidity {
  absl::Time from = absl::InfinitePast();
  absl::Time until = absl::InfiniteFuture();

  bool Covers(absl::Time now) const { return from <= now && now <= until; }
};

// What cannot be read counts at no time.
CertificateValidity ValidityOf(const X509& certificate);
// Of the first certificate in it.
CertificateValidity ValidityOfPem(std::string_view pem);

}  // namespace sluice
