#include "bridge/server/config/authorizers.h"

#include "bridge/server/config/server_options.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Built {
  ServerOptions options;
  Findings findings;
};

Built Build(const std::string& yaml, const Flags& flags = {}) {
  ReadConfig read = Read(yaml);
  Built built;
  built.options = BuildServerOptions(read.config, flags, &read.findings);
  built.findings = std::move(read.findings);
  return built;
}

constexpr char kNamed[] = R"(
authorizer: {all_of: {names: [a, b]}}
authorizers:
  a: {grpc: {address: "unix:/a"}}
  b: {grpc: {address: "unix:/b"}}
  either: {any_of: {names: [a, b]}}
  open: {none: {}}
routes:
  - {path: /one, topics: [one], authorizers: [either]}
  - {path: /two, topics: [two], authorizers: [either, a]}
  - {path: /three, topics: [three]}
grpc:
  authorizers: [a]
  reflection_authorizers: [b]
publishing: {authorizers: [b, a]}
)";

const AuthorizerListOptions& ListOf(const Built& built, const std::string& name) {
  return std::get<AuthorizerListOptions>(built.options.authorizers.by_name.at(name));
}

TEST(AuthorizersOptions, AreFoundByName) {
  const Built built = Build(kNamed);
  ASSERT_THAT(built.findings.errors(), IsEmpty());
  EXPECT_THAT(built.findings.warnings(), IsEmpty());
  const AuthorizersOptions& options = built.options.authorizers;
  EXPECT_EQ(std::get<GrpcAuthorizerOptions>(options.by_name.at("b")).address, "unix:/b");
  EXPECT_THAT(ListOf(built, "").names, ElementsAre("a", "b"));
  EXPECT_EQ(ListOf(built, "").kind, AuthorizerListOptions::Kind::kAllOf);
  EXPECT_EQ(ListOf(built, "either").kind, AuthorizerListOptions::Kind::kAnyOf);
  const auto& routes = built.options.routes->routes();
  EXPECT_EQ(routes[0].authorizer, "either");
  EXPECT_EQ(routes[1].authorizer, "either+a");
  EXPECT_THAT(ListOf(built, "either+a").names, ElementsAre("either", "a"));
  EXPECT_EQ(routes[2].authorizer, "");
}

TEST(AuthorizersOptions, SayWhoIsAskedOverGrpc) {
  const Built built = Build(kNamed);
  const AuthorizersOptions& options = built.options.authorizers;
  EXPECT_EQ(options.subscribing, "a");
  EXPECT_EQ(options.administration, "a");  // as for `authorizers`
  EXPECT_EQ(options.reflection, "b");
  EXPECT_EQ(options.publishing, "b+a");
  EXPECT_TRUE(built.options.rpc.authorize_publishing);
  const AuthorizersOptions others =
      Build("authorizers: {a: {none: {}}}\ngrpc: {admin_authorizers: [a]}").options.authorizers;
  EXPECT_EQ(others.subscribing, "");
  EXPECT_EQ(others.administration, "a");
  EXPECT_EQ(others.reflection, std::nullopt);
}

TEST(AuthorizersOptions, OfDevAreAllOpen) {
  const Built built = Build(kNamed, Flags{.dev = true});
  ASSERT_THAT(built.findings.errors(), IsEmpty());
  for (const auto& [name, options] : built.options.authorizers.by_name) {
    EXPECT_TRUE(std::holds_alternative<NoneAuthorizerOptions>(options)) << name;
  }
  EXPECT_TRUE(built.options.authorizers.by_name.contains("either+a"));
  EXPECT_EQ(built.options.authorizers.reflection, std::nullopt);
  EXPECT_FALSE(built.options.rpc.authorize_publishing);
}

TEST(AuthorizersOptions, SayWhereTheyAreWrong) {
  const struct {
    const char* yaml;
    const char* error;
  } rows[] = {
      {"authorizers: {'a+b': {none: {}}}", "authorizers.a+b: an authorizer's name is"},
      {"authorizers: {a: {}}", "authorizers.a: has no kind"},
      {"authorizers: {a: {grpc: {}}}", "authorizers.a.grpc.address: is required"},
      {"authorizers: {a: {all_of: {}}}", "authorizers.a.all_of.names: is required"},
      {"authorizer: {any_of: {names: []}}", "authorizer.any_of.names: is required"},
      {"authorizers: {chat: {none: {}}}\nauthorizer: {any_of: {names: [chta]}}",
       "authorizer.any_of.names[0]: there is no \"chta\" in `authorizers`; did you mean `chat`?"},
      {"authorizers: {a: {grpc: {address: 'a:1'}}, b: {all_of: {names: [a, a]}}}",
       "authorizers.b.all_of.names[1]: \"a\" is there already"},
      {"authorizers: {a: {all_of: {names: [a]}}}", "authorizers.a: asks itself in the end: a -> a"},
      {"authorizers: {a: {all_of: {names: [b]}}, b: {any_of: {names: [a]}}}",
       "asks itself in the end"},
      {"authorizers: {a: {none: {}}, b: {any_of: {names: [a]}}}",
       "authorizers.b.any_of.names[0]: is a `none`, which allows everything"},
      {"authorizers: {a: {none: {}}, b: {all_of: {names: [a]}}}",
       "authorizers.b.all_of.names[0]: is a `none`, which adds nothing"},
      {"authorizers: {a: {none: {}}, b: {grpc: {address: 'a:1'}}}\ngrpc: {authorizers: [b, a]}",
       "grpc.authorizers[1]: is a `none`, which adds nothing"},
      {"authorizers: {a: {ext_authz: {}}}", "authorizers.a.ext_authz.address: is required"},
      {"authorizers: {a: {ext_authz: {address: 'a:1', context_extensions: {topic: x}}}}",
       "authorizers.a.ext_authz.context_extensions.topic: is sent by the bridge"},
      {"authorizers: {a: {ext_authz: {address: 'a:1', subject_header: X-User}}}",
       "authorizers.a.ext_authz.subject_header: is not the name of a header in lower case"},
      {"authorizers: {a: {certificate: {}}}", "authorizers.a.certificate.rules: is required"},
      {"authorizers: {a: {certificate: {rules: [{}]}}}",
       "authorizers.a.certificate.rules[0].names: is required"},
      {"authorizers: {a: {certificate: {rules: [{names: ['']}]}}}",
       "authorizers.a.certificate.rules[0].names[0]: is empty"},
      {"authorizers: {a: {certificate: {rules: [{names: [n], publish: [a, 'b*']}]}}}",
       "authorizers.a.certificate.rules[0].publish[1]: 'b*' is no pattern of topics"},
      {"grpc: {authorizers: [a]}", "grpc.authorizers[0]: there is no \"a\""},
      {"grpc: {admin_authorizers: [a]}", "grpc.admin_authorizers[0]: there is no \"a\""},
      {"grpc: {reflection_authorizers: [a]}", "grpc.reflection_authorizers[0]: there is no \"a\""},
      {"publishing: {authorizers: [a]}", "publishing.authorizers[0]: there is no \"a\""},
      {"routes: [{path: /a, topics: [a], authorizers: [a]}]",
       "routes[0].authorizers[0]: there is no \"a\""},
      {"authorizers: {a: {none: {}}}\nroutes: [{path: /a, topics: [a], public: true, "
       "authorizers: [a]}]",
       "routes[0].authorizers: a `public` route asks nobody"},
  };
  for (const auto& row : rows) {
    const Built built = Build(row.yaml);
    EXPECT_THAT(built.findings.errors(), ElementsAre(HasSubstr(row.error))) << row.yaml;
  }
}

TEST(AuthorizersOptions, OfEveryKindTakeEverySetting) {
  const AuthorizersOptions options = Build(R"(
authorizers:
  envoy:
    ext_authz:
      address: "a:1"
      deadline: 1s
      calls_in_flight: 2
      headers: [x-a]
      send_peer_address: true
      send_certificate_names: true
      context_extensions: {app: chat}
      subject_header: x-user
  services:
    certificate:
      rules:
        - {names: ["*.a"], publish: [a/*], subscribe: [b/*], stats: true}
        - {names: [c], admin: true}
)")
                                         .options.authorizers;
  const auto& envoy = std::get<ExtAuthzAuthorizerOptions>(options.by_name.at("envoy"));
  EXPECT_EQ(envoy.address, "a:1");
  EXPECT_EQ(envoy.deadline, absl::Seconds(1));
  EXPECT_EQ(envoy.calls_in_flight, 2u);
  EXPECT_THAT(envoy.wants.headers, ElementsAre("x-a"));
  EXPECT_TRUE(envoy.wants.peer_address && envoy.wants.certificate_names);
  EXPECT_EQ(envoy.context_extensions.at("app"), "chat");
  EXPECT_EQ(envoy.subject_header, "x-user");
  const auto& rules = std::get<CertificateAuthorizerOptions>(options.by_name.at("services")).rules;
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_THAT(rules[0].names, ElementsAre("*.a"));
  EXPECT_EQ(rules[0].publish.at(0).text(), "a/*");
  EXPECT_EQ(rules[0].subscribe.at(0).text(), "b/*");
  EXPECT_TRUE(rules[0].stats && !rules[0].admin);
  EXPECT_TRUE(rules[1].admin && !rules[1].stats);
}

TEST(AuthorizersOptions, SayHowLongAnswersAreRemembered) {
  const DecisionCacheOptions cache =
      Build("access: {cache: {entries: 0, allowed: 1m, denied: 0s}}").options.authorizers.cache;
  EXPECT_EQ(cache.entries, 0u);
  EXPECT_EQ(cache.allowed, absl::Minutes(1));
  EXPECT_EQ(cache.denied, absl::ZeroDuration());
  EXPECT_EQ(Build("").options.authorizers.cache.entries, 10'000u);
}

TEST(AuthorizersOptions, ThatAreWrongInManyPlacesAreStillRead) {
  EXPECT_GE(Build("authorizers: {a: {all_of: {names: [b]}}, b: {all_of: {names: [c, x]}}, "
                  "c: {any_of: {names: [a, b]}}}")
                .findings.errors()
                .size(),
            2u);
}

}  // namespace
}  // namespace sluice
