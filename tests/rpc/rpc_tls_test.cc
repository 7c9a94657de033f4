#include <fcntl.h>
#include <grpc/grpc_security.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "bridge/access/certificate_authorizer.h"
#include "tests/fakes/certificates.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// What is logged goes into a file while this lives, where it can be read at any time.
class StandardError {
 public:
  explicit StandardError(std::string file) : file_(std::move(file)), before_(dup(STDERR_FILENO)) {
    const int log = open(file_.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
    EXPECT_GE(dup2(log, STDERR_FILENO), 0);
    close(log);
  }
  ~StandardError() {
    dup2(before_, STDERR_FILENO);
    close(before_);
  }

  bool Holds(const std::string& text) const {
    std::ifstream stream(file_);
    const std::string all{std::istreambuf_iterator<char>(stream), {}};
    return all.find(text) != std::string::npos;
  }

 private:
  const std::string file_;
  const int before_;
};

class RpcTlsTest : public RpcFixture {
 protected:
  RpcTlsTest() {
    options_.tls = {.certificate_file = folder_.path() + "/c.pem",
                    .key_file = folder_.path() + "/k.pem",
                    .client_ca_file = folder_.path() + "/ca.pem",
                    .client_certificates = ClientCertificates::kNone};
    folder_.Write("ca.pem", authority_.certificate());
    WritePair(authority_.Issue("DNS:localhost,IP:127.0.0.1"));
    authorizer_.wanted.certificate_names = true;
    options_.authorize_publishing = true;
    clock_.Advance(absl::Now() - clock_.Now());  // the certificates' time
  }

  void WritePair(const TestCertificate& pair) const {
    folder_.Write("c.pem", pair.certificate);
    folder_.Write("k.pem", pair.key);
  }

  // A new connection each.
  grpc::Status PublishWith(const TestCertificate& own, const TestAuthority& believed) {
    const grpc::SslCredentialsOptions options{believed.certificate(), own.key, own.certificate};
    return PublishOver(grpc::SslCredentials(options));
  }
  grpc::Status PublishWith(const TestCertificate& own) { return PublishWith(own, authority_); }
  grpc::Status PublishOver(const std::shared_ptr<grpc::ChannelCredentials>& credentials) const {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = v1::Publisher::NewStub(
        grpc::CreateCustomChannel(server_->address(), credentials, arguments));
    v1::PublishResponse response;
    return stub->Publish(Call().get(), Text("a", "x"), &response);
  }
  std::vector<std::string> NamesAsked() { return authorizer_.questions().back().certificate_names; }

  const TestFolder folder_;
  const TestAuthority authority_;
  const TestAuthority other_authority_{"another authority"};
};

TEST_F(RpcTlsTest, ServesWhoBelievesItsCertificateAndTellsTheRealPeer) {
  authorizer_.wanted.peer_address = true;
  Start();
  EXPECT_TRUE(PublishWith({}).ok());
  EXPECT_THAT(authorizer_.questions().back().peer_address, testing::StartsWith("127.0.0.1:"));
  EXPECT_EQ(PublishWith({}, other_authority_).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(PublishOver(grpc::InsecureChannelCredentials()).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(log_->head(0), 1u);
}

TEST_F(RpcTlsTest, SpeaksNothingOlderThanVersion12) {
  Start();
  grpc::experimental::TlsChannelCredentialsOptions options;
  options.set_certificate_provider(
      std::make_shared<grpc::experimental::StaticDataCertificateProvider>(
          authority_.certificate()));
  options.watch_root_certs();
  EXPECT_TRUE(PublishOver(grpc::experimental::TlsCredentials(options)).ok());
  const std::string port = server_->address().substr(server_->address().rfind(':') + 1);
  for (const char* version : {"-tls1", "-tls1_1"}) {
    const std::string command = "openssl s_client -connect 127.0.0.1:" + port + " " + version +
                                " -cipher ALL:@SECLEVEL=0 </dev/null >/dev/null 2>&1";
    EXPECT_NE(std::system(command.c_str()), 0) << version;
  }
  const std::string command = "openssl s_client -alpn h2 -tls1_2 -connect 127.0.0.1:" + port +
                              " </dev/null >/dev/null 2>&1";
  EXPECT_EQ(std::system(command.c_str()), 0);
}

TEST_F(RpcTlsTest, RefusesWhoShowsNoCertificateOrOneOfAnotherAuthorityWhereItIsRequired) {
  options_.tls->client_certificates = ClientCertificates::kRequired;
  Start();
  EXPECT_EQ(PublishWith({}).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(PublishWith(other_authority_.Issue("DNS:orders.example")).error_code(),
            StatusCode::UNAVAILABLE);
  EXPECT_EQ(
      PublishWith(authority_.Issue("DNS:old.example", std::chrono::seconds(-60))).error_code(),
      StatusCode::UNAVAILABLE);
  EXPECT_THAT(authorizer_.questions(), IsEmpty());
  EXPECT_TRUE(PublishWith(authority_.Issue("DNS:orders.example")).ok());
  EXPECT_THAT(NamesAsked(), ElementsAre("orders.example"));
}

TEST_F(RpcTlsTest, VerifiesAnOptionalCertificateWhereOneIsShown) {
  options_.tls->client_certificates = ClientCertificates::kOptional;
  Start();
  EXPECT_TRUE(PublishWith({}).ok());
  EXPECT_THAT(NamesAsked(), IsEmpty());
  EXPECT_EQ(PublishWith(other_authority_.Issue("DNS:orders.example")).error_code(),
            StatusCode::UNAVAILABLE);
  EXPECT_TRUE(
      PublishWith(
          authority_.Issue("DNS:a.example,URI:spiffe://example/a,email:a@example.com,IP:10.0.0.7"))
          .ok());
  EXPECT_THAT(NamesAsked(),
              UnorderedElementsAre("a.example", "spiffe://example/a", "a@example.com", "10.0.0.7"));
}

TEST_F(RpcTlsTest, TellsNamesOnlyWhoWantsThem) {
  options_.tls->client_certificates = ClientCertificates::kRequired;
  authorizer_.wanted.certificate_names = false;
  Start();
  EXPECT_TRUE(PublishWith(authority_.Issue("DNS:orders.example")).ok());
  EXPECT_THAT(NamesAsked(), IsEmpty());
}

TEST_F(RpcTlsTest, RefusesToGoByNamesThatCouldBeTakenForOthers) {
  options_.tls->client_certificates = ClientCertificates::kRequired;
  Start();
  std::string many = "DNS:0.example";
  for (int i = 1; i <= 64; ++i) many += ",DNS:" + std::to_string(i) + ".example";
  for (const std::string& names : {std::string("DNS:a.example,DNS:b\x01.example"),
                                   std::string("DNS:a.example,DNS:b\xc3\xbc.example"), many}) {
    EXPECT_EQ(PublishWith(authority_.Issue(names)).error_code(), StatusCode::INVALID_ARGUMENT)
        << names;
  }
  EXPECT_THAT(authorizer_.questions(), IsEmpty());
  // A kind that nobody goes by.
  EXPECT_TRUE(PublishWith(authority_.Issue("DNS:a.example,RID:1.2.3.4")).ok());
  EXPECT_THAT(NamesAsked(), ElementsAre("a.example"));
}

TEST_F(RpcTlsTest, TakesNoNamesOfACertificateOutsideOfItsTime) {
  options_.tls->client_certificates = ClientCertificates::kRequired;
  Start();
  // (A connection that TLS has let in, and that lasts.)
  const TestCertificate own = authority_.Issue("DNS:orders.example", std::chrono::hours(1));
  const auto running = v1::Publisher::NewStub(grpc::CreateChannel(
      server_->address(),
      grpc::SslCredentials({authority_.certificate(), own.key, own.certificate})));
  const auto names_after = [&](absl::Duration passed) {
    clock_.Advance(passed);
    v1::PublishResponse response;
    EXPECT_TRUE(running->Publish(Call().get(), Text("a", "x"), &response).ok());
    return NamesAsked();
  };
  EXPECT_THAT(names_after(absl::Minutes(59)), ElementsAre("orders.example"));
  EXPECT_LT(authorizer_.questions().back().certificate_expires_at, absl::Now() + absl::Minutes(61));
  EXPECT_THAT(names_after(absl::Minutes(2)), IsEmpty());
  EXPECT_THAT(names_after(-absl::Minutes(2)), ElementsAre("orders.example"));
  EXPECT_THAT(names_after(-absl::Hours(3)), IsEmpty());
}

TEST_F(RpcTlsTest, ACallEndsWithTheCertificateThatItWasAllowedBy) {
  options_.tls->client_certificates = ClientCertificates::kRequired;
  const auto certificates = MakeCertificateAuthorizer(
      {{.names = {"orders.example"}, .subscribe = {*TopicPattern::Parse("a/1")}}});
  subscribe_authorizer_ = certificates.get();
  Start();
  const TestCertificate own = authority_.Issue("DNS:orders.example", std::chrono::hours(1));
  const auto stub = v1::Subscriber::NewStub(grpc::CreateChannel(
      server_->address(),
      grpc::SslCredentials({authority_.certificate(), own.key, own.certificate})));
  const auto context = Call();
  v1::SubscribeRequest request;
  request.add_topics("a/1");
  const auto stream = stub->Subscribe(context.get(), request);
  stream->WaitForInitialMetadata();
  clock_.Advance(absl::Minutes(61));
  v1::SubscribeResponse response;
  EXPECT_FALSE(stream->Read(&response));
  EXPECT_EQ(stream->Finish().error_code(), StatusCode::UNAUTHENTICATED);
  Stop();
}

// The name for people is no name to go by.
TEST_F(RpcTlsTest, TakesNoNameFromTheSubject) {
  options_.tls->client_certificates = ClientCertificates::kRequired;
  Start();
  EXPECT_TRUE(PublishWith(authority_.Issue("")).ok());
  EXPECT_THAT(NamesAsked(), IsEmpty());
}

TEST_F(RpcTlsTest, RefusesToStartWithFilesThatCannotBeUsed) {
  folder_.Write("k.pem", authority_.Issue("DNS:localhost").key);
  const auto start = [this] { return std::string(RpcServer(options_, {}).Start().message()); };
  EXPECT_THAT(start(), HasSubstr("grpc.tls.key_file: "));
  std::filesystem::remove(folder_.path() + "/c.pem");
  EXPECT_THAT(start(), HasSubstr("grpc.tls.certificate_file: "));
}

TEST_F(RpcTlsTest, ShowsNewFilesToNewConnectionsAndKeepsThoseThereAre) {
  Start();
  const auto running = v1::Publisher::NewStub(grpc::CreateChannel(
      server_->address(), grpc::SslCredentials({authority_.certificate(), "", ""})));
  const auto publish = [&running] {
    v1::PublishResponse response;
    return running->Publish(Call().get(), Text("a", "x"), &response).ok();
  };
  EXPECT_TRUE(publish());
  WritePair(other_authority_.Issue("IP:127.0.0.1"));
  WaitUntil([this] { return PublishWith({}, other_authority_).ok(); });
  EXPECT_EQ(PublishWith({}).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_TRUE(publish());
}

TEST_F(RpcTlsTest, KeepsThePairItHasUntilTheFilesFitTogetherAgain) {
  Start();
  const TestCertificate next = other_authority_.Issue("IP:127.0.0.1");
  {
    const StandardError logged(folder_.path() + "/log");
    folder_.Write("k.pem", next.key);
    WaitUntil([&] { return logged.Holds("what was read before is kept"); });
    EXPECT_TRUE(logged.Holds("grpc.tls.key_file: "));
  }
  EXPECT_TRUE(PublishWith({}).ok());
  folder_.Write("c.pem", next.certificate);
  WaitUntil([this] { return PublishWith({}, other_authority_).ok(); });
}

TEST_F(RpcTlsTest, BelievesTheAuthoritiesThatTheFileHoldsNow) {
  options_.tls->client_certificates = ClientCertificates::kRequired;
  Start();
  const TestCertificate guest = other_authority_.Issue("DNS:guest.example");
  EXPECT_FALSE(PublishWith(guest).ok());
  folder_.Write("ca.pem", other_authority_.certificate());
  WaitUntil([&] { return PublishWith(guest).ok(); });
  EXPECT_FALSE(PublishWith(authority_.Issue("DNS:orders.example")).ok());
}

}  // namespace
}  // namespace sluice
