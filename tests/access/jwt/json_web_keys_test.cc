#include "bridge/access/jwt/json_web_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "tests/access/jwt/signing.h"

namespace sluice {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Answer = KeySet::Answer;

struct Issuer {
  SigningKey secret = SigningKey::Secret("a secret of forty bytes, known to nobody.");
  SigningKey rsa = SigningKey::Rsa();
  SigningKey ec = SigningKey::Ec();
  SigningKey ed25519 = SigningKey::Ed25519();
};
const Issuer& Known() {
  static const Issuer issuer;
  return issuer;
}

json With(json key, const json& more) {
  key.update(more);
  return key;
}
json Set(json keys) { return {{"keys", std::move(keys)}}; }

absl::StatusOr<JsonWebKeys> Parse(const json& set, std::optional<JwtAlgorithm> only = {}) {
  return ParseJsonWebKeys(set.dump(), only);
}

Answer Check(const KeySet& keys, const json& header, const SigningKey& key) {
  return keys.Check(*ParseJwt(Token(header, {{"sub", "ada"}}, key)));
}

TEST(JsonWebKeys, CheckWhatTheirOwnersSign) {
  const auto read = Parse(Set({With(Known().secret.Jwk(), {{"kid", "s"}, {"alg", "HS256"}}),
                               With(Known().rsa.Jwk(), {{"kid", "r"}, {"use", "sig"}}),
                               With(Known().ec.Jwk(), {{"kid", "e"}, {"key_ops", {"verify"}}}),
                               With(Known().ed25519.Jwk(), {{"kid", "o"}, {"alg", "EdDSA"}})}));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->skipped, 0u) << read->why_skipped;
  const KeySet& keys = *read->keys;
  const std::pair<json, const SigningKey&> signers[] = {
      {{{"alg", "HS256"}, {"kid", "s"}}, Known().secret},
      {{{"alg", "RS256"}, {"kid", "r"}}, Known().rsa},
      {{{"alg", "ES256"}, {"kid", "e"}}, Known().ec},
      {{{"alg", "EdDSA"}, {"kid", "o"}}, Known().ed25519}};
  for (const auto& [header, key] : signers) {
    EXPECT_EQ(Check(keys, header, key), Answer::kSigned) << header;
    json unnamed = header;
    unnamed.erase("kid");
    EXPECT_EQ(Check(keys, unnamed, key), Answer::kUnknownKey) << header;
    EXPECT_EQ(Check(keys, With(header, {{"kid", "x"}}), key), Answer::kUnknownKey) << header;
  }
  EXPECT_EQ(Check(keys, {{"alg", "RS256"}, {"kid", "r"}}, SigningKey::Rsa()), Answer::kNotSigned);
  EXPECT_EQ(Check(keys, {{"alg", "HS256"}, {"kid", "r"}}, Known().secret), Answer::kUnknownKey);
  EXPECT_TRUE(keys.Knows("r"));
  EXPECT_FALSE(keys.Knows(""));
}

TEST(JsonWebKeys, WithoutAnIdAreTriedOneByOne) {
  const SigningKey older = SigningKey::Ec();
  const auto read = Parse(Set({older.Jwk(), Known().ec.Jwk()}));
  ASSERT_TRUE(read.ok()) << read.status();
  for (const SigningKey& key : {older, Known().ec}) {
    EXPECT_EQ(Check(*read->keys, {{"alg", "ES256"}, {"kid", "any"}}, key), Answer::kSigned);
    EXPECT_EQ(Check(*read->keys, {{"alg", "ES256"}}, key), Answer::kSigned);
  }
  EXPECT_EQ(Check(*read->keys, {{"alg", "ES256"}}, SigningKey::Ec()), Answer::kNotSigned);
}

TEST(JsonWebKeys, AreSkippedWhereTheyCannotBeUsed) {
  const json ec = Known().ec.Jwk();
  const json rsa = Known().rsa.Jwk();
  const std::string zero = Encoded(std::string(32, '\0'));
  const std::pair<json, const char*> rows[] = {
      {7, "no object"},
      {json::object(), "its kind"},
      {{{"kty", "RSA2"}}, "its kind"},
      {{{"kty", 1}}, "its kind"},
      {With(ec, {{"crv", "P-384"}}), "its kind"},
      {With(ec, {{"crv", "secp256k1"}}), "its kind"},
      {With(Known().ed25519.Jwk(), {{"crv", "X25519"}}), "its kind"},
      {With(rsa, {{"alg", "RS512"}}), "its `alg`"},
      {With(rsa, {{"alg", "HS256"}}), "its `alg`"},
      {With(rsa, {{"alg", "none"}}), "its `alg`"},
      {With(rsa, {{"alg", 5}}), "its `alg`"},
      {With(Known().secret.Jwk(), {{"alg", "RS256"}}), "its `alg`"},
      {With(rsa, {{"use", "enc"}}), "not for verifying"},
      {With(rsa, {{"key_ops", {"encrypt"}}}), "not for verifying"},
      {With(rsa, {{"key_ops", "verify"}}), "not for verifying"},
      {With(rsa, {{"kid", 1}}), "its `kid`"},
      {With(rsa, {{"kid", ""}}), "its `kid`"},
      {With(rsa, {{"kid", std::string(256, 'x')}}), "its `kid`"},
      {With(rsa, {{"d", "AQAB"}}), "private"},
      {With(rsa, {{"n", nullptr}}), "`n` is missing"},
      {With(rsa, {{"n", "AQAB="}}), "`n` is missing"},
      {With(rsa, {{"e", ""}}), "`e` is missing"},
      {With(rsa, {{"e", "AQ"}}), "not valid"},
      {With(rsa, {{"e", "AAAA"}}), ""},
      {With(rsa, {{"n", Encoded(std::string(2000, 'x'))}}), "up to 8192 bits"},
      {SigningKey::Rsa(1024).Jwk(), "2048 to 8192 bits, and this one has 1024"},
      {With(ec, {{"x", "AQAB"}}), "32 bytes each"},
      {With(ec, {{"x", zero}, {"y", zero}}), "make no key"},
      {With(ec, {{"y", ec["x"]}}), "make no key"},
      {With(Known().ed25519.Jwk(), {{"x", "AQAB"}}), "32 bytes"},
      {SigningKey::Secret(std::string(31, 'x')).Jwk(), "at least 32 bytes"},
      {SigningKey::Secret(Known().rsa.PublicPem()).Jwk(), "PEM"},
  };
  for (const auto& [key, why] : rows) {
    SCOPED_TRACE(key.dump());
    const auto alone = Parse(Set({key}));
    ASSERT_FALSE(alone.ok());
    EXPECT_THAT(std::string(alone.status().message()), HasSubstr(why));
    // The others can be used.
    const auto beside = Parse(Set({key, Known().ed25519.Jwk()}));
    ASSERT_TRUE(beside.ok()) << beside.status();
    EXPECT_EQ(beside->keys->size(), 1u);
    EXPECT_EQ(beside->skipped, 1u);
    EXPECT_THAT(beside->why_skipped, HasSubstr("keys[0]: "));
  }
}

TEST(JsonWebKeys, AreThoseOfOneAlgorithmWhereThatIsConfigured) {
  const json set = Set({Known().secret.Jwk(), Known().rsa.Jwk(), Known().ec.Jwk()});
  const auto read = Parse(set, JwtAlgorithm::kEs256);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->keys->size(), 1u);
  EXPECT_EQ(read->skipped, 2u);
  EXPECT_EQ(Check(*read->keys, {{"alg", "ES256"}}, Known().ec), Answer::kSigned);
  EXPECT_FALSE(Parse(set, JwtAlgorithm::kEdDsa).ok());
}

TEST(JsonWebKeys, AreASetOrNothing) {
  const std::string one = With(Known().ec.Jwk(), {{"kid", "a"}}).dump();
  json many = json::array();
  for (size_t i = 0; i <= kJwksKeysMax; ++i) many.push_back(Known().ec.Jwk());
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), one, "[" + one + "]",
        std::string(R"({"keys": [{}]})"), R"({"keys": )" + one + "}", R"({"keys": [)" + one,
        R"({"keys": [], "keys": [)" + one + "]}", R"({"keys": [)" + one + "," + one + "]}",
        Set(many).dump(),
        R"({"keys": [)" + one + "], \"x\": \"" + std::string(kJwksBytesMax, 'x') + "\"}"}) {
    EXPECT_FALSE(ParseJsonWebKeys(text, {}).ok()) << text.substr(0, 200);
  }
  EXPECT_EQ(ParseJsonWebKeys(R"({"keys": []})", {})->keys->size(), 0u);
  // The same id of another algorithm is another key.
  EXPECT_TRUE(
      Parse(Set({With(Known().ec.Jwk(), {{"kid", "a"}}), With(Known().rsa.Jwk(), {{"kid", "a"}})}))
          .ok());
}

TEST(VerificationKey, FitsItsAlgorithm) {
  const struct {
    JwtAlgorithm algorithm;
    std::string pem;
    const char* why;  // null: it does
  } rows[] = {
      {JwtAlgorithm::kRs256, Known().rsa.PublicPem(), nullptr},
      {JwtAlgorithm::kEs256, Known().ec.PublicPem(), nullptr},
      {JwtAlgorithm::kEdDsa, Known().ed25519.PublicPem(), nullptr},
      {JwtAlgorithm::kRs256, Known().ec.PublicPem(), "RS256 takes an RSA key"},
      {JwtAlgorithm::kRs256, SigningKey::Rsa(1024).PublicPem(), "2048 to 8192 bits"},
      {JwtAlgorithm::kEs256, Known().rsa.PublicPem(), "ES256 takes"},
      {JwtAlgorithm::kEs256, SigningKey::Ec("P-384").PublicPem(), "ES256 takes"},
      {JwtAlgorithm::kEs256, SigningKey::Ec("secp256k1").PublicPem(), "ES256 takes"},
      {JwtAlgorithm::kEdDsa, Known().ec.PublicPem(), "EdDSA takes"},
      {JwtAlgorithm::kHs256, Known().rsa.PublicPem(), "HS256 takes a secret"},
      {JwtAlgorithm::kRs256, Known().rsa.PrivatePem(), "holds a private key"},
      {JwtAlgorithm::kRs256, "", "holds no public key"},
      {JwtAlgorithm::kRs256, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n",
       "holds no public key"},
  };
  for (const auto& row : rows) {
    const auto key = VerificationKey::OfPem(row.algorithm, row.pem);
    EXPECT_EQ(key.ok(), row.why == nullptr) << row.pem << key.status();
    const std::string message(key.status().message());
    EXPECT_THAT(message, HasSubstr(row.why == nullptr ? "" : row.why));
  }
  EXPECT_FALSE(VerificationKey::OfSecret(std::string(31, 'x')).ok());
  EXPECT_TRUE(VerificationKey::OfSecret(std::string(32, 'x')).ok());
  EXPECT_FALSE(VerificationKey::OfSecret(Known().rsa.PublicPem()).ok());
}

}  // namespace
}  // namespace sluice
