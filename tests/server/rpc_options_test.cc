#include "bridge/server/config/rpc_options.h"

#include "bridge/server/config/server_options.h"
#include "gmock/gmock.h"
#include "sluice/config/v1/config.pb.h"
#include "tests/fakes/certificates.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class RpcOptionsTest : public testing::Test {
 protected:
  RpcOptionsTest() {
    const TestAuthority authority;
    const TestCertificate pair = authority.Issue("DNS:localhost");
    folder_.Write("c.pem", pair.certificate);
    folder_.Write("k.pem", pair.key);
    folder_.Write("ca.pem", authority.certificate());
  }

  ServerOptions Build(const std::string& yaml) {
    ReadConfig read = Read(yaml);
    Flags flags;
    flags.config_file = folder_.path() + "/sluice.yaml";
    ServerOptions options = BuildServerOptions(read.config, flags, &read.findings);
    findings_ = std::move(read.findings);
    return options;
  }

  const TestFolder folder_;
  Findings findings_;
};

TEST_F(RpcOptionsTest, ServeEverythingInPlainTextUnlessTheConfigurationSaysOtherwise) {
  const RpcOptions rpc = Build("authorizer: {none: {}}").rpc;
  EXPECT_FALSE(rpc.tls);
  EXPECT_TRUE(rpc.admin);
  EXPECT_TRUE(rpc.reflection);
  EXPECT_EQ(rpc.connections_max, 10'000u);
}

TEST_F(RpcOptionsTest, TakeEverySetting) {
  const RpcOptions rpc = Build(R"(
authorizer: {none: {}}
grpc:
  admin: false
  reflection: false
  connections: 7
  tls: {certificate_file: c.pem, key_file: k.pem, client_ca_file: ca.pem, client_certificates: optional}
)")
                             .rpc;
  EXPECT_THAT(findings_.errors(), IsEmpty());
  EXPECT_FALSE(rpc.admin);
  EXPECT_FALSE(rpc.reflection);
  EXPECT_EQ(rpc.connections_max, 7u);
  ASSERT_TRUE(rpc.tls);
  EXPECT_EQ(rpc.tls->key_file, folder_.path() + "/k.pem");
  EXPECT_EQ(rpc.tls->client_certificates, ClientCertificates::kOptional);
}

TEST_F(RpcOptionsTest, NameTheSettingWhoseFileIsOfNoUse) {
  Build("grpc: {tls: {certificate_file: c.pem, key_file: nothing.pem}}");
  EXPECT_THAT(findings_.errors(), ElementsAre(HasSubstr("grpc.tls.key_file: ")));
  folder_.Write("k.pem", TestAuthority().Issue("DNS:localhost").key);
  Build("grpc: {tls: {certificate_file: c.pem, key_file: k.pem}}");
  EXPECT_THAT(findings_.errors(), ElementsAre(HasSubstr("grpc.tls.key_file: ")));
}

TEST_F(RpcOptionsTest, WarnOfAnOpenAddressOnlyWithoutTls) {
  const std::string open = "authorizer: {none: {}}\ngrpc: {listen: 0.0.0.0:9090";
  Build(open + "}");
  EXPECT_THAT(findings_.warnings(), ElementsAre(HasSubstr("is not encrypted")));
  Build(open + ", tls: {certificate_file: c.pem, key_file: k.pem}}");
  EXPECT_THAT(findings_.warnings(), IsEmpty());
}

TEST_F(RpcOptionsTest, RefuseNoConnectionsAtAll) {
  Build("grpc: {connections: 0}");
  EXPECT_THAT(findings_.errors(), ElementsAre(HasSubstr("grpc.connections: is 1 or more")));
}

}  // namespace
}  // namespace sluice
