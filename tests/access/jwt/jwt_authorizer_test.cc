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

TEST_F(JwtAuthorizerTest, FillsClaimsIntoTheConfigurationsPatterns) {
  options.claims.subject_claim = "uid";
  options.rights.subscribe = {"user/{subject}/**", "tenant-{tenant}/{sub}", "news"};
  options.rights.publish = {"{tenant}/*"};
  const json claims = Claims({{"uid", "42"}, {"tenant", "acme"}});
  for (const char* topic : {"user/42/inbox", "user/42/a/b", "tenant-acme/ada", "news"}) {
    const Decision decision = Ask(claims, Action::kSubscribe, {topic});
    EXPECT_TRUE(decision.allowed()) << topic;
    EXPECT_EQ(decision.subject, "42");
  }
  for (const char* topic :
       {"user/42", "user/43/inbox", "user/ada/inbox", "tenant-acme/bob", "tenant-/ada",
        "tenant-{tenant}/ada", "tenant-acme/{sub}", "News", "news/1", "acme/1"}) {
    EXPECT_EQ(Ask(claims, Action::kSubscribe, {topic}).verdict, Verdict::kForbidden) << topic;
  }
  EXPECT_TRUE(Ask(claims, Action::kPublish, {"acme/1"}).allowed());
  EXPECT_FALSE(Ask(claims, Action::kPublish, {"news"}).allowed());
}

// What a token claims is a segment, and never more of a pattern than that.
TEST_F(JwtAuthorizerTest, TakesNoWildcardsAndNoSlashesFromClaims) {
  options.rights.subscribe = {"user/{sub}/**", "{tenant}", "room/{more}"};
  const json wrong[] = {"*",        "**",     "a/b", "",      "..",
                        ".",        "a/../b", 7,     nullptr, json::array({"x"}),
                        "{tenant}", "a\nb"};
  for (const json& value : wrong) {
    const Decision decision =
        Ask(Claims({{"tenant", value}, {"more", value}}), Action::kSubscribe, {"x", "room/x"});
    EXPECT_EQ(decision.verdict, Verdict::kForbidden) << value;
    EXPECT_EQ(decision.denied_topics.size(), 2u) << value;
  }
  EXPECT_FALSE(Ask(Claims({{"sub", "*"}}), Action::kSubscribe, {"user/bob/inbox"}).allowed());
  EXPECT_TRUE(Ask(Claims({{"sub", "*"}}), Action::kSubscribe, {"user/*/inbox"}).allowed());
  EXPECT_FALSE(Ask(Claims({{"sub", "a/b"}}), Action::kSubscribe, {"user/a/b"}).allowed());
  // In the token's own patterns braces are nothing special.
  const json own = Claims({{"sluice.subscribe", {"own/{sub}"}}});
  EXPECT_FALSE(Ask(own, Action::kSubscribe, {"own/ada"}).allowed());
}

TEST_F(JwtAuthorizerTest, PutsTheSubjectIntoTopicsFirst) {
  options.rights.subscribe = {"user/{sub}", "any/*"};
  EXPECT_TRUE(Ask(Claims(), Action::kSubscribe, {"user/{subject}"}).allowed());
  EXPECT_TRUE(Ask(Claims(), Action::kSubscribe, {"any/{subject}"}).allowed());
  const Decision other = Ask(Claims(), Action::kSubscribe, {"other/{subject}"});
  EXPECT_EQ(other.verdict, Verdict::kForbidden);
  EXPECT_THAT(other.denied_topics, ElementsAre("other/{subject}"));
  for (const char* subject : {"a/b", "", "..", "."}) {
    EXPECT_EQ(Ask(Claims({{"sub", subject}}), Action::kSubscribe, {"any/{subject}"}).verdict,
              Verdict::kForbidden)
        << subject;
  }
  json nobody = Claims();
  nobody.erase("sub");
  EXPECT_FALSE(Ask(nobody, Action::kSubscribe, {"any/{subject}"}).allowed());
  EXPECT_TRUE(Ask(nobody, Action::kSubscribe, {"any/1"}).allowed());
}

TEST_F(JwtAuthorizerTest, TakesTheTokensOwnRightsInEitherForm) {
  for (const json& claims :
       {json{{"sluice", {{"subscribe", {"a/*"}}, {"publish", {"b/**"}}}}},
        json{{"sluice.subscribe", {"a/*"}}, {"sluice.publish", {"b/**"}}},
        json{{"sluice", {{"subscribe", {"a/*"}}}}, {"sluice.publish", {"b/**"}}},
        json{{"sluice", {{"subscribe", {"a/*"}}, {"more", 7}}}, {"sluice.publish", {"b/**"}}}}) {
    EXPECT_TRUE(Ask(Claims(claims), Action::kSubscribe, {"a/1", "a/2"}).allowed()) << claims;
    EXPECT_FALSE(Ask(Claims(claims), Action::kSubscribe, {"b/1"}).allowed()) << claims;
    EXPECT_TRUE(Ask(Claims(claims), Action::kPublish, {"b/1/2"}).allowed()) << claims;
    EXPECT_FALSE(Ask(Claims(claims), Action::kPublish, {"a/1"}).allowed()) << claims;
    EXPECT_FALSE(Ask(Claims(claims), Action::kReadStats, {}).allowed()) << claims;
  }
  options.rights.claim = "https://acme.example/rights";
  const json namespaced = {{"https://acme.example/rights", {{"subscribe", {"**"}}}},
                           {"https://acme.example/rights.stats", true},
                           {"sluice", {{"admin", true}}}};
  EXPECT_TRUE(Ask(Claims(namespaced)).allowed());
  EXPECT_TRUE(Ask(Claims(namespaced), Action::kReadStats, {}).allowed());
  EXPECT_FALSE(Ask(Claims(namespaced), Action::kAdminister, {}).allowed());
}

TEST_F(JwtAuthorizerTest, GivesStatsAndAdminToThoseWhoHaveThem) {
  options.rights.subscribe = {"**"};
  options.rights.publish = {"**"};
  const struct {
    json rights;
    bool stats;
    bool admin;
  } rows[] = {{json::object(), false, false},
              {{{"stats", true}}, true, false},
              {{{"stats", false}, {"admin", false}}, false, false},
              {{{"admin", true}}, true, true}};
  for (const auto& row : rows) {
    const json claims = Claims({{"sluice", row.rights}});
    EXPECT_EQ(Ask(claims, Action::kReadStats, {}).allowed(), row.stats) << claims;
    EXPECT_EQ(Ask(claims, Action::kAdminister, {}).allowed(), row.admin) << claims;
    EXPECT_EQ(Ask(claims, Action::kReflect, {}).allowed(), row.admin) << claims;
    EXPECT_EQ(Ask(claims, Action::kAdminister, {}).verdict,
              row.admin ? Verdict::kAllow : Verdict::kForbidden);
  }
}

TEST_F(JwtAuthorizerTest, TriesAKeyWithoutAnIdOnAnyToken) {
  options.rights.subscribe = {"**"};
  for (const json& header : {json{{"alg", "HS256"}}, json{{"alg", "HS256"}, {"kid", "any"}},
                             json{{"alg", "HS256"}, {"kid", ""}}}) {
    EXPECT_TRUE(AskWith(Token(header, Claims(), Secret())).allowed()) << header;
  }
}

}  // namespace
}  // namespace sluice
