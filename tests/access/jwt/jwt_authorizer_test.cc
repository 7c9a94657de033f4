#include "bridge/access/jwt/jwt_authorizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/access/ask.h"
#include "tests/access/jwt/signing.h"
#include "tests/fakes/fake_clock.h"

namespace sluice {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Verdict = Decision::Verdict;

const SigningKey& Secret() {
  static const SigningKey key = SigningKey::Secret("0123456789abcdef0123456789abcdef");
  return key;
}

// An authorizer whose tokens come from one issuer with a secret.
struct JwtAuthorizerTest : testing::Test {
  JwtAuthorizerTest() { options.keys = {{.id = "", .key = Secret().Verification()}}; }

  int64_t Now() const { return absl::ToUnixSeconds(clock.Now()); }
  // Good for an hour.
  json Claims(json more = json::object()) const {
    json claims = {{"sub", "ada"}, {"exp", Now() + 3600}};
    claims.update(more);
    return claims;
  }
  Decision Ask(const json& claims, Action action = Action::kSubscribe,
               std::vector<std::string> topics = {"room/1"}) {
    return AskWith(Token({{"alg", "HS256"}}, claims, Secret()), action, std::move(topics));
  }
  Decision AskWith(std::string token, Action action = Action::kSubscribe,
                   std::vector<std::string> topics = {"room/1"}) {
    const auto authorizer = MakeJwtAuthorizer(options, clock);
    return sluice::Ask(
        *authorizer,
        {.action = action, .topics = std::move(topics), .credential = std::move(token)});
  }

  FakeClock clock;
  JwtAuthorizerOptions options;
};

TEST_F(JwtAuthorizerTest, AllowsWhatTheTokensOwnClaimsName) {
  const json claims = Claims({{"sluice", {{"subscribe", {"room/*"}}, {"publish", {"room/1"}}}}});
  const Decision reader = Ask(claims, Action::kSubscribe, {"room/1", "room/2"});
  EXPECT_TRUE(reader.allowed()) << reader.reason;
  EXPECT_EQ(reader.subject, "ada");
  EXPECT_EQ(reader.expires_at, clock.Now() + absl::Seconds(3600 + 30));
  EXPECT_EQ(reader.credential_expires_at, reader.expires_at);
  EXPECT_TRUE(Ask(claims, Action::kPublish, {"room/1"}).allowed());

  const Decision other = Ask(claims, Action::kPublish, {"room/1", "room/2", "hall"});
  EXPECT_EQ(other.verdict, Verdict::kForbidden);
  EXPECT_THAT(other.denied_topics, ElementsAre("room/2", "hall"));
}

TEST_F(JwtAuthorizerTest, WantsAToken) {
  const Decision decision = AskWith("");
  EXPECT_EQ(decision.verdict, Verdict::kUnauthenticated);
  EXPECT_EQ(decision.reason, "no token was sent");
}

TEST_F(JwtAuthorizerTest, TakesAllFourAlgorithmsEachByItsOwnKey) {
  const struct {
    const char* algorithm;
    SigningKey key;
  } rows[] = {{"HS256", Secret()},
              {"RS256", SigningKey::Rsa()},
              {"ES256", SigningKey::Ec()},
              {"EdDSA", SigningKey::Ed25519()}};
  options.keys.clear();
  for (const auto& row : rows) {
    options.keys.push_back({.id = row.algorithm, .key = row.key.Verification()});
  }
  options.rights.subscribe = {"room/*"};
  for (const auto& named : rows) {
    for (const auto& signer : rows) {
      const json header = {{"alg", named.algorithm}, {"kid", named.algorithm}};
      const Decision decision = AskWith(Token(header, Claims(), signer.key));
      EXPECT_EQ(decision.allowed(), named.algorithm == signer.algorithm)
          << named.algorithm << " signed by " << signer.algorithm << ": " << decision.reason;
    }
  }
}

}  // namespace
}  // namespace sluice
