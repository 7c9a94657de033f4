// An authority of a test's own, and the certificates it issues.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>

#include "gtest/gtest.h"

namespace sluice {

// In PEM.
struct TestCertificate {
  std::string certificate;
  std::string key;
};

class TestAuthority {
 public:
  explicit TestAuthority(std::string name = "Sluice test authority")
      : name_(std::move(name)), key_(EVP_EC_gen("P-256"), EVP_PKEY_free) {
    certificate_ = Sign(name_, key_.get(), "critical,CA:TRUE", "", std::chrono::hours(24));
  }

  const std::string& certificate() const { return certificate_; }
  // `names` as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1,URI:spiffe://a/b".
  TestCertificate Issue(const std::string& names,
                        std::chrono::seconds valid_for = std::chrono::hours(24)) const {
    return Issue(names, EVP_EC_gen("P-256"), valid_for);
  }
  TestCertificate IssueWithShortKey(const std::string& names) const {
    return Issue(names, EVP_RSA_gen(1024), std::chrono::hours(24));
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

  TestCertificate Issue(const std::string& names, EVP_PKEY* made,
                        std::chrono::seconds valid_for) const {
    const Key key(made, EVP_PKEY_free);
    TestCertificate issued;
    issued.certificate = Sign("sluice test", key.get(), "critical,CA:FALSE", names, valid_for);
    issued.key = Pem([&](BIO* out) {
      return PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    });
    return issued;
  }

  std::string Sign(const std::string& subject, EVP_PKEY* key, const char* constraints,
                   const std::string& names, std::chrono::seconds valid_for) const {
    const std::unique_ptr<X509, decltype(&X509_free)> made(X509_new(), X509_free);
    X509* certificate = made.get();
    static long serial = 0;
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), static_cast<long>(valid_for.count()));
    SetName(X509_get_subject_name(certificate), subject);
    SetName(X509_get_issuer_name(certificate), name_);
    X509_set_pubkey(certificate, key);
    AddExtension(certificate, NID_basic_constraints, constraints);
    if (!names.empty()) AddExtension(certificate, NID_subject_alt_name, names.c_str());
    EXPECT_GT(X509_sign(certificate, key_.get(), EVP_sha256()), 0);
    return Pem([&](BIO* out) { return PEM_write_bio_X509(out, certificate); });
  }

  static void SetName(X509_NAME* name, const std::string& text) {
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(text.c_str()), -1, -1, 0);
  }

  static void AddExtension(X509* certificate, int kind, const char* value) {
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, nullptr, kind, value);
    ASSERT_NE(extension, nullptr) << value;
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
  }

  template <typename Write>
  static std::string Pem(Write write) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> out(BIO_new(BIO_s_mem()), BIO_free);
    EXPECT_EQ(write(out.get()), 1);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(out.get(), &bytes);
    return {bytes, static_cast<size_t>(size)};
  }

  const std::string name_;
  const Key key_;
  std::string certificate_;
};

// Files that go away with the test.
class TestFolder {
 public:
  TestFolder() {
    std::string path = std::filesystem::temp_directory_path() / "sluice-test-XXXXXX";
    EXPECT_NE(::mkdtemp(path.data()), nullptr);
    path_ = path;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string Write(const std::string& name, const std::string& content) const {
    const std::string file = path_ + "/" + name;
    std::ofstream(file, std::ios::binary) << content;
    return file;
  }

 private:
  std::string path_;
};

}  // namespace sluice
