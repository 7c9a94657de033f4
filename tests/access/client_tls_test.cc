#include "bridge/access/client_tls.h"

#include "bridge/access/grpc_authorizer.h"
#include "gmock/gmock.h"
#include "tests/access/ask.h"
#include "tests/access/authorizer_server.h"
#include "tests/fakes/certificates.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using Verdict = Decision::Verdict;

class ClientTlsTest : public testing::Test {
 protected:
  ClientTlsFiles Files(const std::string& ca, const TestCertificate& own = {}) const {
    ClientTlsFiles files;
    if (!ca.empty()) files.ca_file = folder_.Write("ca.pem", ca);
    if (!own.certificate.empty()) files.certificate_file = folder_.Write("c.pem", own.certificate);
    if (!own.key.empty()) files.key_file = folder_.Write("k.pem", own.key);
    return files;
  }
  static std::string Fault(const ClientTlsFiles& files) {
    return std::string(ReadClientTls(files).status().message());
  }

  // What an authorizer says that shows `shown` and wants a certificate of `wanted`.
  Verdict AskThere(const TestCertificate& shown, const TestAuthority* wanted,
                   const std::optional<ClientTlsOptions>& tls) const {
    grpc::SslServerCredentialsOptions server(
        wanted == nullptr ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                          : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    server.pem_key_cert_pairs = {{shown.key, shown.certificate}};
    if (wanted != nullptr) server.pem_root_certs = wanted->certificate();
    const AuthorizerServer there(AuthorizerServer::Always(v1::DECISION_ALLOW), "127.0.0.1:0",
                                 grpc::SslServerCredentials(server));
    const auto authorizer =
        MakeGrpcAuthorizer({.address = there.address(), .deadline = absl::Seconds(30), .tls = tls});
    return Ask(*authorizer).verdict;
  }

  const TestFolder folder_;
  const TestAuthority authority_;
  const TestAuthority other_authority_{"another authority"};
  const TestCertificate server_ = authority_.Issue("IP:127.0.0.1");
};

TEST_F(ClientTlsTest, NamesTheSettingThatIsWrong) {
  EXPECT_THAT(Fault({.ca_file = folder_.path() + "/nothing.pem"}), HasSubstr("ca_file: "));
  EXPECT_THAT(Fault(Files("no certificate")), HasSubstr("ca_file: "));
  EXPECT_THAT(Fault({.ca_file = folder_.path()}), HasSubstr("ca_file: "));
  EXPECT_THAT(Fault(Files("", {server_.certificate, ""})), HasSubstr("key_file: is needed"));
  EXPECT_THAT(Fault(Files("", {"", server_.key})), HasSubstr("certificate_file: is needed"));
  EXPECT_THAT(Fault(Files("", {server_.certificate, authority_.Issue("DNS:a").key})),
              HasSubstr("key_file: "));
}

TEST_F(ClientTlsTest, BelievesOnlyTheAuthoritiesItIsGiven) {
  EXPECT_EQ(AskThere(server_, nullptr, *ReadClientTls(Files(authority_.certificate()))),
            Verdict::kAllow);
  EXPECT_EQ(AskThere(server_, nullptr, *ReadClientTls(Files(other_authority_.certificate()))),
            Verdict::kError);
  EXPECT_EQ(AskThere(server_, nullptr, *ReadClientTls({})), Verdict::kError);
}

TEST_F(ClientTlsTest, WantsTheNameOfTheAddressOrTheOneItIsGiven) {
  ClientTlsOptions tls = *ReadClientTls(Files(authority_.certificate()));
  const TestCertificate named = authority_.Issue("DNS:authorizer.example");
  EXPECT_EQ(AskThere(named, nullptr, tls), Verdict::kError);
  tls.server_name = "authorizer.example";
  EXPECT_EQ(AskThere(named, nullptr, tls), Verdict::kAllow);
  EXPECT_EQ(AskThere(server_, nullptr, tls), Verdict::kError);
}

TEST_F(ClientTlsTest, ShowsItsCertificateWhereItIsAskedForOne) {
  const std::string& ca = authority_.certificate();
  EXPECT_EQ(AskThere(server_, &other_authority_,
                     *ReadClientTls(Files(ca, other_authority_.Issue("DNS:bridge.example")))),
            Verdict::kAllow);
  EXPECT_EQ(AskThere(server_, &other_authority_, *ReadClientTls(Files(ca))), Verdict::kError);
}

// It would go where everybody reads it.
TEST_F(ClientTlsTest, AsksNobodyInPlainTextWhereTlsIsMeant) {
  const AuthorizerServer there(AuthorizerServer::Always(v1::DECISION_ALLOW));
  const auto authorizer =
      MakeGrpcAuthorizer({.address = there.address(),
                          .deadline = absl::Seconds(30),
                          .tls = *ReadClientTls(Files(authority_.certificate()))});
  EXPECT_EQ(Ask(*authorizer).verdict, Verdict::kError);
  EXPECT_TRUE(there.questions().empty());
}

}  // namespace
}  // namespace sluice
