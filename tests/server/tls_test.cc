#include "bridge/server/config/tls.h"

#include "gmock/gmock.h"
#include "sluice/config/v1/tls.pb.h"
#include "tests/fakes/certificates.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Tls : public testing::Test {
 protected:
  Tls() {
    const TestAuthority authority;
    const TestCertificate pair = authority.Issue("DNS:localhost");
    folder_.Write("c.pem", pair.certificate);
    folder_.Write("k.pem", pair.key);
    folder_.Write("ca.pem", authority.certificate());
    tls_.set_certificate_file("c.pem");
    tls_.set_key_file("k.pem");
  }

  ServerTlsOptions Build() {
    return BuildServerTls(tls_, "http.tls", folder_.path(), &findings_).value();
  }

  const TestFolder folder_;
  config::v1::ServerTls tls_;
  Findings findings_;
};

TEST_F(Tls, TakesFilesBesideTheConfigurationAndElsewhere) {
  tls_.set_key_file(folder_.path() + "/k.pem");
  const ServerTlsOptions options = Build();
  EXPECT_THAT(findings_.errors(), IsEmpty());
  EXPECT_THAT(findings_.warnings(), IsEmpty());
  EXPECT_EQ(options.certificate_file, folder_.path() + "/c.pem");
  EXPECT_EQ(options.key_file, folder_.path() + "/k.pem");
  EXPECT_EQ(options.client_ca_file, "");
  EXPECT_EQ(options.client_certificates, ClientCertificates::kNone);
}

TEST_F(Tls, RequiresClientCertificatesOnceItCanVerifyThem) {
  tls_.set_client_ca_file("ca.pem");
  EXPECT_EQ(Build().client_certificates, ClientCertificates::kRequired);
  tls_.set_client_certificates("optional");
  EXPECT_EQ(Build().client_certificates, ClientCertificates::kOptional);
  tls_.set_client_certificates("none");
  EXPECT_EQ(Build().client_certificates, ClientCertificates::kNone);
  EXPECT_THAT(findings_.errors(), IsEmpty());
}

TEST_F(Tls, NamesWhatIsMissing) {
  tls_.clear_certificate_file();
  tls_.clear_key_file();
  tls_.set_client_certificates("required");
  Build();
  EXPECT_THAT(findings_.errors(), ElementsAre("http.tls.certificate_file: is required",
                                              "http.tls.key_file: is required",
                                              HasSubstr("http.tls.client_ca_file: is needed")));
}

TEST_F(Tls, NamesTheSettingWhoseFileIsOfNoUse) {
  tls_.set_key_file("ca.pem");
  Build();
  EXPECT_THAT(findings_.errors(),
              ElementsAre(HasSubstr("http.tls.key_file: " + folder_.path() + "/ca.pem holds no")));
}

TEST_F(Tls, WarnsOfACertificateThatHasExpired) {
  const TestCertificate old = TestAuthority().Issue("DNS:localhost", std::chrono::seconds(-60));
  folder_.Write("c.pem", old.certificate);
  folder_.Write("k.pem", old.key);
  Build();
  EXPECT_THAT(findings_.errors(), IsEmpty());
  EXPECT_THAT(findings_.warnings(), ElementsAre(HasSubstr("http.tls.certificate_file: ")));
  EXPECT_THAT(findings_.warnings(), ElementsAre(HasSubstr("has expired at ")));
}

TEST_F(Tls, RefusesAnotherWord) {
  tls_.set_client_certificates("sometimes");
  Build();
  EXPECT_THAT(findings_.errors(), ElementsAre(HasSubstr("none, optional, required")));
}

}  // namespace
}  // namespace sluice
