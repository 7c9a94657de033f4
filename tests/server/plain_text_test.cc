#include "bridge/server/config/plain_text.h"

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAre;

std::vector<std::string> Warnings(const std::string& yaml, bool dev = false) {
  ReadConfig read = Read(yaml);
  EXPECT_THAT(read.findings.errors(), IsEmpty());
  WarnOfPlainText(read.config, dev, &read.findings);
  return read.findings.warnings();
}

TEST(PlainText, IsWarnedOfOnPublicListeners) {
  for (const char* address : {"0.0.0.0:80", "[::]:80", "192.0.2.1:0"}) {
    EXPECT_THAT(
        Warnings(absl::StrCat("http: {listen: '", address, "'}")),
        ElementsAre(AllOf(HasSubstr("http.listen: "), HasSubstr(address), HasSubstr("http.tls"),
                          HasSubstr("http.trusted_proxies"), Not(HasSubstr("\n")))));
    EXPECT_THAT(Warnings(absl::StrCat("grpc: {listen: '", address, "'}")),
                ElementsAre(AllOf(HasSubstr("grpc.listen: "), HasSubstr("grpc.tls"))));
  }
}

TEST(PlainText, IsNotWarnedOfOnLoopbackBehindAProxyAndWithTls) {
  for (const char* yaml :
       {"", "http: {listen: '127.0.0.1:80'}", "http: {listen: 'localhost:80'}",
        "http: {listen: '[::1]:80'}", "grpc: {listen: '127.0.0.2:80'}",
        "http: {listen: '0.0.0.0:80', trusted_proxies: [10.0.0.0/8]}",
        "http: {listen: '0.0.0.0:80', tls: {certificate_file: a, key_file: b}}",
        "grpc: {listen: '0.0.0.0:80', tls: {certificate_file: a, key_file: b}}"}) {
    EXPECT_THAT(Warnings(yaml), IsEmpty()) << yaml;
  }
}

TEST(PlainText, IsWarnedOfOnTheWayToAuthorizersAndBackends) {
  EXPECT_THAT(Warnings(R"(
authorizer: {grpc: {address: "auth.example:9191"}}
authorizers: {people: {ext_authz: {address: "10.0.0.7:9191"}}}
backends: {chat: {address: "chat:50051"}}
)"),
              UnorderedElementsAre(
                  AllOf(HasSubstr("authorizer.grpc.address: auth.example:9191"),
                        HasSubstr("every credential"), HasSubstr("set authorizer.grpc.tls")),
                  HasSubstr("authorizers.people.ext_authz.address: 10.0.0.7:9191"),
                  AllOf(HasSubstr("backends.chat.address: chat:50051"),
                        HasSubstr("set backends.chat.tls"))));
}

TEST(PlainText, IsNotWarnedOfOnThisMachineNorWithTls) {
  for (const char* where :
       {"address: '127.0.0.1:1'", "address: 'localhost:1'", "address: '[::1]:1'",
        "address: 'unix:/run/a.sock'", "address: 'auth.example:1', tls: {}"}) {
    EXPECT_THAT(Warnings(absl::StrCat("authorizer: {grpc: {", where, "}}\n",
                                      "authorizers: {a: {ext_authz: {", where, "}}}\n",
                                      "backends: {b: {", where, "}}")),
                IsEmpty())
        << where;
  }
}

TEST(PlainText, IsNotSentToAuthorizersInDev) {
  EXPECT_THAT(Warnings("authorizer: {grpc: {address: 'auth.example:9191'}}", /*dev=*/true),
              IsEmpty());
}

}  // namespace
}  // namespace sluice
