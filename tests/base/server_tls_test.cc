#include "bridge/base/server_tls.h"

#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "tests/fakes/certificates.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

class ServerTls : public testing::Test {
 protected:
  ServerTls() {
    options_.certificate_file = folder_.Write("c.pem", pair_.certificate);
    options_.key_file = folder_.Write("k.pem", pair_.key);
  }

  std::string Fault() const {
    const auto files = ReadServerTls(options_);
    return files.ok() ? "" : std::string(files.status().message());
  }

  const TestFolder folder_;
  const TestAuthority authority_;
  const TestCertificate pair_ = authority_.Issue("DNS:localhost");
  ServerTlsOptions options_;
};

TEST_F(ServerTls, TakesACertificateAndItsKey) {
  const auto files = ReadServerTls(options_);
  ASSERT_TRUE(files.ok()) << files.status();
  EXPECT_EQ(files->certificates, pair_.certificate);
  EXPECT_EQ(files->key, pair_.key);
  EXPECT_GT(files->expires_at, absl::Now() + absl::Hours(23));
  EXPECT_LT(files->expires_at, absl::Now() + absl::Hours(25));
  EXPECT_THAT(FilesOf(options_), ElementsAre(options_.certificate_file, options_.key_file));
}

TEST_F(ServerTls, SendsTheChainThatFollowsTheCertificate) {
  folder_.Write("c.pem", pair_.certificate + authority_.certificate());
  const auto context = MakeTlsContext(options_, ReadServerTls(options_).value());
  ASSERT_TRUE(context.ok()) << context.status();
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context->get(), &chain);
  EXPECT_EQ(sk_X509_num(chain), 1);
}

TEST_F(ServerTls, NamesTheSettingWhoseFileIsMissing) {
  options_.key_file = folder_.path() + "/none.pem";
  EXPECT_THAT(Fault(),
              AllOf(StartsWith("key_file: "), HasSubstr("none.pem cannot be read: No such")));
  options_.certificate_file = folder_.path();
  EXPECT_THAT(Fault(), AllOf(StartsWith("certificate_file: "), HasSubstr("Is a directory")));
}

TEST_F(ServerTls, SaysThatItMayNotReadTheKey) {
  if (::geteuid() == 0) GTEST_SKIP() << "root may read everything";
  ::chmod(options_.key_file.c_str(), 0);
  EXPECT_THAT(Fault(), AllOf(StartsWith("key_file: "), HasSubstr("Permission denied")));
}

TEST_F(ServerTls, RefusesWhatIsNotPem) {
  folder_.Write("k.pem", "no key");
  EXPECT_THAT(Fault(), AllOf(StartsWith("key_file: "), HasSubstr("holds no private key")));
  folder_.Write("c.pem", "");
  EXPECT_THAT(Fault(), AllOf(StartsWith("certificate_file: "), HasSubstr("holds no certificate")));
  folder_.Write("c.pem", pair_.certificate.substr(0, pair_.certificate.size() / 2));
  EXPECT_THAT(Fault(), StartsWith("certificate_file: "));
  folder_.Write("c.pem", pair_.certificate +
                             "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_THAT(Fault(), AllOf(StartsWith("certificate_file: "), HasSubstr("broken")));
  folder_.Write("c.pem", std::string(2 << 20, 'a'));
  EXPECT_THAT(Fault(), AllOf(StartsWith("certificate_file: "), HasSubstr("more than 1048576")));
}

TEST_F(ServerTls, RefusesTheKeyOfAnother) {
  folder_.Write("k.pem", authority_.Issue("DNS:localhost").key);
  EXPECT_THAT(Fault(), AllOf(StartsWith("key_file: "), HasSubstr("is not the key of")));
}

TEST_F(ServerTls, RefusesAKeyTooShortForToday) {
  const TestCertificate weak = authority_.IssueWithShortKey("DNS:localhost");
  folder_.Write("c.pem", weak.certificate);
  folder_.Write("k.pem", weak.key);
  EXPECT_THAT(Fault(), AllOf(StartsWith("certificate_file: "), HasSubstr("too small")));
}

TEST_F(ServerTls, NeedsAnAuthorityToVerifyClients) {
  options_.client_certificates = ClientCertificates::kRequired;
  EXPECT_THAT(Fault(), StartsWith("client_ca_file: is needed"));
  options_.client_ca_file = folder_.Write("ca.pem", "nothing");
  EXPECT_THAT(Fault(), StartsWith("client_ca_file: "));
  folder_.Write("ca.pem", authority_.certificate());
  EXPECT_EQ(Fault(), "");
  EXPECT_EQ(FilesOf(options_).size(), 3u);
}

}  // namespace
}  // namespace sluice
