#include "bridge/base/certificate_validity.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"
#include "tests/fakes/certificates.h"

namespace sluice {
namespace {

TEST(CertificateValidityTest, CountsFromItsBeginningThroughItsEnd) {
  const TestAuthority authority;
  const absl::Time now = absl::Now();
  const CertificateValidity validity =
      ValidityOfPem(authority.Issue("DNS:a", std::chrono::hours(2)).certificate);
  EXPECT_LT(absl::AbsDuration(validity.until - (now + absl::Hours(2))), absl::Minutes(1));
  EXPECT_LT(absl::AbsDuration(validity.from - (now - absl::Hours(1))), absl::Minutes(1));
  EXPECT_TRUE(validity.Covers(validity.from));
  EXPECT_TRUE(validity.Covers(validity.until));
  EXPECT_FALSE(validity.Covers(validity.from - absl::Seconds(1)));
  EXPECT_FALSE(validity.Covers(validity.until + absl::Seconds(1)));
}

TEST(CertificateValidityTest, WhatCannotBeReadCountsAtNoTime) {
  for (const char* text : {"", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n"}) {
    EXPECT_FALSE(ValidityOfPem(text).Covers(absl::Now())) << text;
  }
}

}  // namespace
}  // namespace sluice
