#include "bridge/access/certificate_names.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

bool AreGood(const std::vector<std::string>& names) {
  const absl::Status status = CheckCertificateNames(names);
  EXPECT_TRUE(status.ok() || absl::IsInvalidArgument(status)) << status;
  return status.ok();
}
bool IsGood(const std::string& name) {
  const std::vector<std::string> beside_another = {"a.example", name};
  return AreGood(beside_another);
}

TEST(CertificateNames, AreAnyThatArePrintable) {
  EXPECT_TRUE(AreGood({}));
  for (const char* name : {"a.example", "spiffe://example/ns/a", "::1", "ada@a.example", "a b"}) {
    EXPECT_TRUE(IsGood(name)) << name;
  }
}

TEST(CertificateNames, AreRefusedWholeWhereOneCouldBeTakenForAnother) {
  for (const std::string& name :
       {std::string(), std::string("a.example\0.evil", 15), std::string("a.example\n"),
        std::string("a\x7f"), std::string("b\xc3\xbc.example"), std::string("a\xff")}) {
    EXPECT_FALSE(IsGood(name)) << name;
  }
}

TEST(CertificateNames, AreBounded) {
  EXPECT_TRUE(IsGood(std::string(1024, 'a')));
  EXPECT_FALSE(IsGood(std::string(1025, 'a')));
  EXPECT_TRUE(AreGood(std::vector<std::string>(64, "a")));
  EXPECT_FALSE(AreGood(std::vector<std::string>(65, "a")));
}

}  // namespace
}  // namespace sluice
