#include "bridge/server/config/jwt_authorizer.h"

#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/access/jwt/signing.h"
#include "tests/fakes/certificates.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr char kSecret[] = "s3cret-s3cret-s3cret-s3cret-s3cret";

struct JwtAuthorizerConfig : testing::Test {
  JwtAuthorizerConfig()
      : folder(std::filesystem::path(testing::TempDir()) / absl::StrCat("jwt_", getpid())) {
    std::filesystem::create_directories(folder);
    Write("public.pem", SigningKey::Rsa().PublicPem());
    Write("private.pem", SigningKey::Ec().PrivatePem());
    Write("secret.txt", absl::StrCat(kSecret, "\n"));
    Write("short.txt", std::string(31, 'x') + "\r\n");
    Write("jwks.json", nlohmann::json({{"keys", {SigningKey::Ec().Jwk()}}}).dump());
    Write("mixed.json",
          nlohmann::json({{"keys", {SigningKey::Ec().Jwk(), {{"kty", "odd"}}}}}).dump());
    Write("broken.json", "{\"keys\": [");
    Write("ca.pem", TestAuthority().certificate());
  }
  ~JwtAuthorizerConfig() override { std::filesystem::remove_all(folder); }

  void Write(const char* name, const std::string& text) { std::ofstream(folder / name) << text; }

  // Of what stands under authorizers.users.jwt, which begins at line 3.
  JwtAuthorizerOptions Build(const std::string& yaml, const Environment& environment = {}) {
    ReadConfig read =
        Read(absl::StrCat("authorizers:\n  users:\n    jwt: ", yaml, "\n"), environment);
    JwtAuthorizerOptions options;
    const auto& authorizers = read.config.authorizers();
    if (const auto users = authorizers.find("users"); users != authorizers.end()) {
      options =
          BuildJwtAuthorizer(users->second.jwt(), "authorizers.users.jwt", folder, &read.findings);
    }
    errors = read.findings.errors();
    warnings = read.findings.warnings();
    return options;
  }

  const std::filesystem::path folder;
  std::vector<std::string> errors;
  std::vector<std::string> warnings;
};

TEST_F(JwtAuthorizerConfig, IsReadWhole) {
  const JwtAuthorizerOptions options = Build(R"({
      keys: [
        {id: a, algorithm: HS256, secret: "${JWT_SECRET}"},
        {id: b, algorithm: HS256, secret_file: secret.txt},
        {id: a, algorithm: RS256, public_key_file: public.pem},
        {jwks_file: jwks.json},
        {algorithm: ES256, jwks_url: "http://127.0.0.1:1/jwks", refresh: 10s},
        {jwks_url: "https://issuer.example/jwks.json?v=1", ca_file: ca.pem}],
      issuer: "https://issuer.example", audiences: [sluice, other], leeway: 0s,
      require_expiry: false, subject_claim: uid,
      subscribe: ["user/{uid}/**", "*"], publish: ["news"], claim: "https://x.example/sluice"})",
                                             {{"JWT_SECRET", kSecret}});
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_THAT(warnings, IsEmpty());
  ASSERT_THAT(options.keys, SizeIs(3));
  EXPECT_EQ(options.keys[0].id, "a");
  EXPECT_EQ(options.keys[2].key.algorithm(), JwtAlgorithm::kRs256);
  const std::string signature = SigningKey::Secret(kSecret).Sign("text");
  EXPECT_TRUE(options.keys[0].key.Verifies("text", signature));
  EXPECT_TRUE(options.keys[1].key.Verifies("text", signature));
  ASSERT_THAT(options.files, SizeIs(1));
  EXPECT_EQ(options.files[0].path, folder / "jwks.json");
  ASSERT_THAT(options.urls, SizeIs(2));
  EXPECT_EQ(options.urls[0].only, JwtAlgorithm::kEs256);
  EXPECT_EQ(options.urls[0].ca_file, "");
  EXPECT_EQ(options.urls[1].ca_file, folder / "ca.pem");
  EXPECT_EQ(options.urls[0].refresh, absl::Seconds(10));
  EXPECT_EQ(options.urls[1].refresh, absl::Minutes(5));
  EXPECT_EQ(options.urls[1].only, std::nullopt);
  EXPECT_EQ(options.claims.issuer, "https://issuer.example");
  EXPECT_THAT(options.claims.audiences, ElementsAre("sluice", "other"));
  EXPECT_EQ(options.claims.leeway, absl::ZeroDuration());
  EXPECT_FALSE(options.claims.require_expiry);
  EXPECT_EQ(options.claims.subject_claim, "uid");
  EXPECT_THAT(options.rights.subscribe, ElementsAre("user/{uid}/**", "*"));
  EXPECT_THAT(options.rights.publish, ElementsAre("news"));
  EXPECT_EQ(options.rights.claim, "https://x.example/sluice");
}

TEST_F(JwtAuthorizerConfig, HasItsDefaults) {
  const JwtAuthorizerOptions options = Build("{keys: [{jwks_file: jwks.json}]}");
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_EQ(options.claims.leeway, absl::Seconds(30));
  EXPECT_TRUE(options.claims.require_expiry);
  EXPECT_EQ(options.claims.subject_claim, "sub");
  EXPECT_EQ(options.rights.claim, "sluice");
}

TEST_F(JwtAuthorizerConfig, SaysWhatIsWrongAndWhere) {
  const struct {
    std::string yaml;
    const char* path;
    const char* what;
  } rows[] = {
      {"{}", ".keys", "is required"},
      {"{keys: [{}]}", ".keys[0]", "needs one of"},
      {"{keys: [{id: a, algorithm: HS256}]}", ".keys[0]", "needs one of"},
      {"{keys: [{secret: s3cret-s3cret}]}", ".keys[0].algorithm", "is required"},
      {"{keys: [{public_key_file: public.pem}]}", ".keys[0].algorithm", "is required"},
      {"{keys: [{algorithm: none, secret: s3cret}]}", ".keys[0].algorithm", "is none of"},
      {"{keys: [{algorithm: HS512, secret: s3cret}]}", ".keys[0].algorithm", "is none of"},
      {"{keys: [{algorithm: hs256, secret: s3cret}]}", ".keys[0].algorithm", "is none of"},
      {"{keys: [{algorithm: HS256, secret: s3cret-s3cret}]}", ".keys[0].secret",
       "at least 32 bytes, and this one has 13"},
      {"{keys: [{algorithm: HS256, secret: ''}]}", ".keys[0].secret", "at least 32 bytes"},
      {"{keys: [{algorithm: RS256, secret: s3cret}]}", ".keys[0].secret", "is for HS256"},
      {"{keys: [{algorithm: HS256, secret_file: short.txt}]}", ".keys[0].secret_file",
       "this one has 31"},
      {"{keys: [{algorithm: HS256, secret_file: none.txt}]}", ".keys[0].secret_file",
       "none.txt: cannot be read"},
      {"{keys: [{algorithm: HS256, secret_file: .}]}", ".keys[0].secret_file",
       "is no regular file"},
      {"{keys: [{algorithm: HS256, secret_file: public.pem}]}", ".keys[0].secret_file", "PEM"},
      {"{keys: [{algorithm: HS256, public_key_file: public.pem}]}", ".keys[0].public_key_file",
       "HS256 takes a secret"},
      {"{keys: [{algorithm: ES256, public_key_file: public.pem}]}", ".keys[0].public_key_file",
       "ES256 takes"},
      {"{keys: [{algorithm: ES256, public_key_file: private.pem}]}", ".keys[0].public_key_file",
       "private key"},
      {"{keys: [{algorithm: ES256, public_key_file: secret.txt}]}", ".keys[0].public_key_file",
       "no public key"},
      {"{keys: [{jwks_file: broken.json}]}", ".keys[0].jwks_file", "no JSON Web Key Set"},
      {"{keys: [{jwks_file: none.json}]}", ".keys[0].jwks_file", "cannot be read"},
      {"{keys: [{algorithm: HS256, jwks_file: jwks.json}]}", ".keys[0].jwks_file",
       "holds no key that can be used"},
      {"{keys: [{id: a, jwks_file: jwks.json}]}", ".keys[0].id", "is for a single key"},
      {"{keys: [{refresh: 5s, jwks_file: jwks.json}]}", ".keys[0].refresh", "for a `jwks_url`"},
      {"{keys: [{ca_file: ca.pem, jwks_file: jwks.json}]}", ".keys[0].ca_file", "for a `jwks_url`"},
      {"{keys: [{ca_file: ca.pem, jwks_url: 'http://127.0.0.1:1'}]}", ".keys[0].ca_file",
       "begins with https://"},
      {"{keys: [{ca_file: none.pem, jwks_url: 'https://a.example'}]}", ".keys[0].ca_file",
       "none.pem cannot be read"},
      {"{keys: [{ca_file: secret.txt, jwks_url: 'https://a.example'}]}", ".keys[0].ca_file",
       "holds no certificate"},
      {"{keys: [{jwks_url: 'https://a.example', refresh: 10ms}]}", ".keys[0].refresh", "1s"},
      {"{keys: [{jwks_url: 'ftp://a.example'}]}", ".keys[0].jwks_url", "is no address"},
      {"{keys: [{jwks_url: 'file:///etc/passwd'}]}", ".keys[0].jwks_url", "is no address"},
      {"{keys: [{jwks_url: 'issuer.example/jwks'}]}", ".keys[0].jwks_url", "is no address"},
      {"{keys: [{jwks_url: 'https://'}]}", ".keys[0].jwks_url", "is no address"},
      {"{keys: [{jwks_url: 'https://a b'}]}", ".keys[0].jwks_url", "is no address"},
      {"{keys: [{jwks_url: 'https://u:s3cret@a.example'}]}", ".keys[0].jwks_url", "password"},
      {absl::StrCat("{keys: [{algorithm: HS256, secret: ", kSecret,
                    "}, {algorithm: HS256, secret: ", kSecret, "}]}"),
       ".keys[1].id", "already"},
      {"{keys: [{jwks_file: jwks.json}], leeway: 2h}", ".leeway", "at most 1h"},
      {"{keys: [{jwks_file: jwks.json}], audiences: ['']}", ".audiences[0]", "is empty"},
      {"{keys: [{jwks_file: jwks.json}], subscribe: [a, 'a/**/b']}", ".subscribe[1]", "'**'"},
      {"{keys: [{jwks_file: jwks.json}], subscribe: ['user/{sub']}", ".subscribe[0]", "closed"},
      {"{keys: [{jwks_file: jwks.json}], publish: ['user/{}']}", ".publish[0]", "{}"},
      {"{keys: [{jwks_file: jwks.json}], publish: ['a//b']}", ".publish[0]", ""},
  };
  for (const auto& row : rows) {
    SCOPED_TRACE(row.yaml);
    Build(row.yaml);
    EXPECT_THAT(errors,
                Contains(AllOf(HasSubstr(absl::StrCat(": authorizers.users.jwt", row.path, ": ")),
                               HasSubstr(row.what))));
    EXPECT_THAT(errors, Not(Contains(HasSubstr("s3cret-s"))));
  }
}

TEST_F(JwtAuthorizerConfig, WarnsOfKeysThatAreOpenOrUnused) {
  Build("{keys: [{jwks_url: 'http://issuer.example/jwks'}, {jwks_file: mixed.json}]}");
  EXPECT_THAT(errors, IsEmpty());
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("keys[0].jwks_url: is not encrypted"),
                                    HasSubstr("mixed.json: 1 keys are not used: keys[1]")));
}

}  // namespace
}  // namespace sluice
