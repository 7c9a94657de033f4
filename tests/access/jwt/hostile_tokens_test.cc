// Tokens that must not get in, each of which is good but for one thing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "bridge/access/jwt/jwt.h"
#include "bridge/access/jwt/jwt_authorizer.h"
#include "tests/access/ask.h"
#include "tests/access/jwt/signing.h"
#include "tests/fakes/fake_clock.h"

namespace sluice {
namespace {

using nlohmann::json;
using Verdict = Decision::Verdict;

constexpr char kNotJwt[] = "the token is no signed JSON Web Token";
constexpr char kNotWhole[] = "the token is not whole, or not base64url";
constexpr char kBadHeader[] = "the token's header is no JSON object";
constexpr char kBadAlgorithm[] = "the token's algorithm is not accepted";
constexpr char kBadKeyId[] = "the token's `kid` is no string, or too long";
constexpr char kCritical[] = "the token's header asks for extensions (`crit`)";
constexpr char kUnknownKey[] = "the token's key is not known";
constexpr char kBadSignature[] = "the token's signature is not good";
constexpr char kBadClaims[] = "the token's claims are no JSON object";

// The issuer's, made once.
struct Keys {
  SigningKey secret = SigningKey::Secret("a secret of forty bytes, known to nobody.");
  SigningKey rsa = SigningKey::Rsa();
  SigningKey ec = SigningKey::Ec();
  SigningKey ed25519 = SigningKey::Ed25519();
  // Somebody else's.
  SigningKey other_rsa = SigningKey::Rsa();
  SigningKey other_secret = SigningKey::Secret("another secret of forty bytes, of nobody");
};
const Keys& Known() {
  static const Keys keys;
  return keys;
}

std::string Flipped(std::string bytes, size_t at) {
  bytes[at] = static_cast<char>(bytes[at] ^ 1);
  return bytes;
}

std::vector<std::string> Parts(const std::string& token) { return absl::StrSplit(token, '.'); }

std::string Joined(const std::vector<std::string>& parts) { return absl::StrJoin(parts, "."); }

struct HostileTokens : testing::Test {
  HostileTokens() {
    options.keys = {{.id = "secret", .key = Known().secret.Verification()},
                    {.id = "rsa", .key = Known().rsa.Verification()},
                    {.id = "ec", .key = Known().ec.Verification()},
                    {.id = "ed", .key = Known().ed25519.Verification()}};
    options.claims.issuer = "https://issuer.example";
    options.claims.audiences = {"sluice", "other"};
    options.rights.subscribe = {"user/{sub}"};
  }

  int64_t Now() const { return absl::ToUnixSeconds(clock.Now()); }
  json Claims(const json& more = json::object()) const {
    json claims = {{"sub", "ada"},
                   {"iss", "https://issuer.example"},
                   {"aud", "sluice"},
                   {"exp", Now() + 3600}};
    claims.update(more);
    return claims;
  }
  json Without(const char* claim) const {
    json claims = Claims();
    claims.erase(claim);
    return claims;
  }
  // Signed with the secret, and good.
  std::string Signed(const json& claims) const {
    return Token({{"alg", "HS256"}, {"kid", "secret"}}, claims, Known().secret);
  }
  std::string SignedText(const std::string& claims) const {
    return RawToken(R"({"alg":"HS256","kid":"secret"})", claims, Known().secret);
  }
  std::string WithHeader(const json& header) const {
    return Token(header, Claims(), Known().secret);
  }
  std::string WithHeaderText(const std::string& header) const {
    return RawToken(header, Claims().dump(), Known().secret);
  }
  std::string Good() const { return Signed(Claims()); }

  Decision Decide(const std::string& token) const {
    const auto authorizer = MakeJwtAuthorizer(options, clock);
    return Ask(*authorizer, {.topics = {"user/ada"}, .credential = token});
  }
  void ExpectRefused(const std::string& what, const std::string& token,
                     const std::string& reason) const {
    SCOPED_TRACE(what);
    const Decision decision = Decide(token);
    EXPECT_EQ(decision.verdict, Verdict::kUnauthenticated);
    EXPECT_EQ(decision.reason, reason);
    EXPECT_TRUE(decision.subject.empty());
    for (const std::string& part : Parts(token)) {
      EXPECT_FALSE(part.size() > 8 && absl::StrContains(decision.reason, part));
    }
  }
  void ExpectAllowed(const std::string& what, const std::string& token) const {
    const Decision decision = Decide(token);
    EXPECT_TRUE(decision.allowed()) << what << ": " << decision.reason;
    EXPECT_EQ(decision.subject, "ada") << what;
  }

  FakeClock clock;
  JwtAuthorizerOptions options;
};

TEST_F(HostileTokens, StandBesideGoodOnesThatGetIn) {
  ExpectAllowed("HS256", Good());
  ExpectAllowed("RS256", Token({{"alg", "RS256"}, {"kid", "rsa"}}, Claims(), Known().rsa));
  ExpectAllowed("ES256", Token({{"alg", "ES256"}, {"kid", "ec"}}, Claims(), Known().ec));
  ExpectAllowed("EdDSA", Token({{"alg", "EdDSA"}, {"kid", "ed"}}, Claims(), Known().ed25519));
  ExpectAllowed("typ", WithHeader({{"alg", "HS256"}, {"kid", "secret"}, {"typ", "at+jwt"}}));
}

TEST_F(HostileTokens, WithoutASignature) {
  for (const char* none : {"none", "None", "NONE", "nOnE", "", " none", "none\\u0000"}) {
    const std::string header = absl::StrCat(R"({"kid":"secret","alg":")", none, R"("})");
    const std::vector<std::string> parts = Parts(WithHeaderText(header));
    ExpectRefused(header, Joined(parts), kBadAlgorithm);
    ExpectRefused(header, Joined({parts[0], parts[1], ""}), kNotWhole);
    ExpectRefused(header, Joined({parts[0], parts[1]}), kNotJwt);
  }
  const std::vector<std::string> good = Parts(Good());
  ExpectRefused("no signature", Joined({good[0], good[1], ""}), kNotWhole);
}

TEST_F(HostileTokens, OfAlgorithmsThatAreNotAccepted) {
  for (const json& algorithm :
       {json("HS384"), json("HS512"), json("RS512"), json("PS256"), json("ES384"), json("ES256K"),
        json("hs256"), json("Rs256"), json("eddsa"), json("HS256 "), json(nullptr), json(256),
        json::array({"HS256"}), json({{"HS256", true}})}) {
    ExpectRefused(algorithm.dump(), WithHeader({{"alg", algorithm}, {"kid", "secret"}}),
                  kBadAlgorithm);
  }
  ExpectRefused("missing", WithHeader({{"kid", "secret"}}), kBadAlgorithm);
}

// A public key is known to everybody: as a secret it would let everybody sign.
TEST_F(HostileTokens, SignedWithThePublicKeyAsASecret) {
  const std::string pem = Known().rsa.PublicPem();
  const std::string body(pem.substr(0, pem.find_last_not_of('\n') + 1));
  for (const std::string& secret : {pem, body, Known().rsa.Jwk().dump()}) {
    const SigningKey forged = SigningKey::Secret(secret);
    ExpectRefused("kid", Token({{"alg", "HS256"}, {"kid", "rsa"}}, Claims(), forged), kUnknownKey);
    ExpectRefused("no kid", Token({{"alg", "HS256"}}, Claims(), forged), kUnknownKey);
    ExpectRefused("RS256", Token({{"alg", "RS256"}, {"kid", "rsa"}}, Claims(), forged),
                  kBadSignature);
  }
  // Without ids, too, no key is tried for what it is not.
  options.keys = {{.id = "", .key = Known().rsa.Verification()}};
  ExpectRefused("alone", Token({{"alg", "HS256"}}, Claims(), SigningKey::Secret(pem)), kUnknownKey);
}

TEST_F(HostileTokens, ThatBringTheirOwnKey) {
  json jwk = Known().other_rsa.Jwk();
  jwk["kid"] = "mine";
  const json tricks[] = {
      {{"jwk", jwk}},
      {{"jku", "http://127.0.0.1:9/keys"}},
      {{"x5u", "http://127.0.0.1:9/chain"}},
      {{"x5c", {Encoded("certificate")}}},
      {{"jwk", jwk}, {"jku", "file:///etc/passwd"}, {"x5t", "x"}},
  };
  for (const json& trick : tricks) {
    for (const char* kid : {"rsa", "mine", ""}) {
      json header = {{"alg", "RS256"}, {"kid", kid}};
      header.update(trick);
      ExpectRefused(header.dump(), Token(header, Claims(), Known().other_rsa),
                    std::string(kid) == "rsa" ? kBadSignature : kUnknownKey);
    }
  }
}

TEST_F(HostileTokens, WhoseKeyIdIsMoreThanAName) {
  for (const char* kid :
       {"../../../../dev/null", "/dev/null", "secret' OR '1'='1", "secret'; DROP TABLE keys; --",
        "| cat /etc/passwd", "http://127.0.0.1:9/key", "Secret", "secret ", "secre", "secret\n",
        "*", "%73ecret", ""}) {
    for (const char* secret : {"", "x", "a secret of forty bytes, known to nobody."}) {
      ExpectRefused(kid,
                    Token({{"alg", "HS256"}, {"kid", kid}}, Claims(), SigningKey::Secret(secret)),
                    kUnknownKey);
    }
  }
  ExpectRefused("NUL", WithHeaderText("{\"alg\":\"HS256\",\"kid\":\"secret\\u0000\"}"),
                kUnknownKey);
  ExpectRefused("none", WithHeader({{"alg", "HS256"}}), kUnknownKey);
  for (const json& kid : {json(std::string(256, 'x')), json(nullptr), json(1),
                          json::array({"secret"}), json({{"secret", 1}}), json(true)}) {
    ExpectRefused(kid.dump(), WithHeader({{"alg", "HS256"}, {"kid", kid}}), kBadKeyId);
  }
  ExpectRefused("of another key", WithHeader({{"alg", "HS256"}, {"kid", "rsa"}}), kUnknownKey);
}

TEST_F(HostileTokens, ThatAskForExtensions) {
  for (const json& critical :
       {json::array({"b64"}), json::array({"exp"}), json::array(), json(nullptr), json("")}) {
    ExpectRefused(
        critical.dump(),
        WithHeader({{"alg", "HS256"}, {"kid", "secret"}, {"crit", critical}, {"b64", true}}),
        kCritical);
  }
}

TEST_F(HostileTokens, WithASignatureThatIsNone) {
  const auto with_signature = [](const char* algorithm, const char* kid, const json& claims,
                                 const std::string& signature) {
    const std::string header = json({{"alg", algorithm}, {"kid", kid}}).dump();
    return absl::StrCat(Encoded(header), ".", Encoded(claims.dump()), ".", Encoded(signature));
  };
  const auto signature_of = [](const char* algorithm, const char* kid, const json& claims,
                               const SigningKey& key) {
    const std::string header = json({{"alg", algorithm}, {"kid", kid}}).dump();
    return key.Sign(absl::StrCat(Encoded(header), ".", Encoded(claims.dump())));
  };
  const struct {
    const char* algorithm;
    const char* kid;
    const SigningKey& key;
  } rows[] = {{"HS256", "secret", Known().secret},
              {"RS256", "rsa", Known().rsa},
              {"ES256", "ec", Known().ec},
              {"EdDSA", "ed", Known().ed25519}};
  for (const auto& row : rows) {
    const std::string good = signature_of(row.algorithm, row.kid, Claims(), row.key);
    ExpectAllowed(row.algorithm, with_signature(row.algorithm, row.kid, Claims(), good));
    const std::string bad[] = {
        Flipped(good, 0),
        Flipped(good, good.size() - 1),
        good.substr(0, good.size() - 1),
        good.substr(0, 1),
        good.substr(1),
        good + '\0',
        good + good,
        std::string(good.size(), '\0'),
        std::string(good.size(), '\xff'),
        std::string(1, '\0'),
        good.substr(good.size() / 2) + good.substr(0, good.size() / 2),
    };
    for (size_t i = 0; i < std::size(bad); ++i) {
      ExpectRefused(absl::StrCat(row.algorithm, " ", i),
                    with_signature(row.algorithm, row.kid, Claims(), bad[i]), kBadSignature);
    }
    // Of another token.
    ExpectRefused("other claims",
                  with_signature(row.algorithm, row.kid, Claims({{"sub", "root"}}), good),
                  kBadSignature);
  }
  // Of an elliptic curve in the form that OpenSSL writes, and r = s = 0 in both.

  ExpectRefused(
      "DER of zeros",
      with_signature("ES256", "ec", Claims(), std::string("\x30\x06\x02\x01\0\x02\x01\0", 8)),
      kBadSignature);
  ExpectRefused("r = s = 0", with_signature("ES256", "ec", Claims(), std::string(64, '\0')),
                kBadSignature);
  ExpectRefused("P-384", with_signature("ES256", "ec", Claims(), SigningKey::Ec("P-384").Sign("x")),
                kBadSignature);
  ExpectRefused("another's",
                Token({{"alg", "HS256"}, {"kid", "secret"}}, Claims(), Known().other_secret),
                kBadSignature);
}

TEST_F(HostileTokens, ThatAreNotThreeParts) {
  const std::vector<std::string> good = Parts(Good());
  const std::pair<std::string, const char*> rows[] = {
      {".", kNotJwt},
      {"..", kNotWhole},
      {"...", kNotJwt},
      {"x", kNotJwt},
      {"s3cret-of-ada", kNotJwt},
      {good[0], kNotJwt},
      {Good() + ".", kNotJwt},
      {"." + Good(), kNotJwt},
      {Good() + "." + good[2], kNotJwt},
      {Good() + ".." + good[2], kNotJwt},
      {Joined({good[1], good[0], good[2]}), kBadAlgorithm},
      {Joined({good[0], good[2], good[1]}), kBadSignature},
      {Joined({good[0], "", good[2]}), kNotWhole},
      {Joined({"", good[1], good[2]}), kNotWhole},
      {Joined({good[0], good[1], good[2], good[1], good[2]}), kNotJwt},
  };
  for (const auto& [token, reason] : rows) ExpectRefused(token, token, reason);
}

TEST_F(HostileTokens, InMoreThanOneWriting) {
  const std::vector<std::string> good = Parts(Good());
  // 32 bytes leave two bits of the last letter unused.
  std::string stray = good[2];
  const std::string letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  stray.back() = letters[letters.find(stray.back()) ^ 1];
  const std::string tokens[] = {
      Good() + "=",
      Good() + "==",
      Joined({good[0] + "=", good[1], good[2]}),
      Joined({good[0], good[1] + "==", good[2]}),
      Joined({good[0], good[1], stray}),
      Joined({good[0], good[1], good[2].substr(0, good[2].size() - 2)}) + "..",
      Good() + "\n",
      " " + Good(),
      Good() + " ",
      Joined({good[0], good[1] + "\r\n", good[2]}),
      Good() + std::string(1, '\0'),
      Joined({good[0], std::string(1, '\0') + good[1], good[2]}),
      Joined({good[0], good[1], "+/" + good[2].substr(2)}),
      Joined({good[0], good[1], "\xc3\xa4" + good[2].substr(2)}),
  };
  for (const std::string& token : tokens) {
    const Decision decision = Decide(token);
    EXPECT_EQ(decision.verdict, Verdict::kUnauthenticated) << token;
    EXPECT_TRUE(decision.reason == kNotWhole || decision.reason == kNotJwt) << decision.reason;
  }
}

TEST_F(HostileTokens, WithAHeaderThatIsNoOneThing) {
  const std::string headers[] = {
      "",
      "x",
      "[]",
      "\"HS256\"",
      "null",
      R"({"alg":"HS256","kid":"secret","alg":"HS256"})",
      R"({"alg":"none","alg":"HS256","kid":"secret"})",
      R"({"alg":"HS256","\u0061lg":"none","kid":"secret"})",
      R"({"alg":"HS256","kid":"secret"}{})",
      R"({"alg":"HS256","kid":"secret"} x)",
      R"({"alg":"HS256","kid":"secret",})",
      R"({"alg":"HS256","kid":"secret","n":1e999})",
      R"({"alg":"HS256","kid":"secret","n":NaN})",
      R"({'alg':'HS256','kid':'secret'})",
      "\xEF\xBB\xBF{\"alg\":\"HS256\",\"kid\":\"secret\"}",
      "{\"alg\":\"HS256\",\"kid\":\"secret\"}" + std::string(1, '\0'),
      "{\"alg\":\"HS256\",\"kid\":\"secret\",\"x\":\"\xff\"}",
      R"({"alg":"HS256","kid":"secret","x":)" + std::string(16, '[') + std::string(16, ']') + "}",
      R"({"alg":"HS256","kid":"secret","x":)" + std::string(2000, '[') + std::string(2000, ']') +
          "}",
  };
  for (const std::string& header : headers) {
    ExpectRefused(header, WithHeaderText(header), header.empty() ? kNotWhole : kBadHeader);
  }
}

TEST_F(HostileTokens, WithClaimsThatAreNoOneThing) {
  const std::string good = Claims().dump();
  const std::string inside = good.substr(0, good.size() - 1);
  const std::string payloads[] = {
      "x",
      "[]",
      "\"ada\"",
      inside,
      inside + R"(,"sub":"root"})",
      inside + R"(,"s\u0075b":"root"})",
      inside + R"(,"sluice":{"admin":false,"admin":true}})",
      inside + R"(,"n":NaN})",
      inside + R"(,"n":Infinity})",
      inside + R"(,"n":1e400})",
      inside + R"(,"n":"\ud800"})",
      inside + ",\"n\":\"\xc0\xaf\"}",
      good + std::string(1, '\0'),
      good + "{}",
      inside + R"(,"n":)" + std::string(16, '[') + std::string(16, ']') + "}",
      inside + R"(,"n":)" + std::string(2000, '[') + std::string(2000, ']') + "}",
  };
  for (const std::string& payload : payloads) {
    ExpectRefused(payload, SignedText(payload), kBadClaims);
  }
  ExpectRefused("empty", SignedText(""), kNotWhole);
}

TEST_F(HostileTokens, ThatAreHuge) {
  json claims = Claims({{"more", ""}});
  const size_t rest = Signed(claims).size();
  // base64url makes four letters of three bytes.
  claims["more"] = std::string((kJwtBytesMax - rest) * 3 / 4 - 2, 'x');
  ExpectAllowed("as long as can be", Signed(claims));
  claims["more"] = std::string((kJwtBytesMax - rest) * 3 / 4 + 3, 'x');
  ExpectRefused("longer", Signed(claims), "the token is too long");
  ExpectRefused("a megabyte", std::string(1 << 20, '.'), "the token is too long");
}

TEST_F(HostileTokens, ForSomebodyElse) {
  constexpr char kIssuer[] = "the token is of another issuer";
  constexpr char kAudience[] = "the token is for another audience";
  constexpr char kAudienceKind[] = "the token's `aud` is neither a string nor a list of strings";
  const std::pair<json, const char*> rows[] = {
      {Claims({{"iss", "https://evil.example"}}), kIssuer},
      {Claims({{"iss", "https://issuer.example/"}}), kIssuer},
      {Claims({{"iss", "HTTPS://ISSUER.EXAMPLE"}}), kIssuer},
      {Claims({{"iss", ""}}), kIssuer},
      {Without("iss"), kIssuer},
      {Claims({{"iss", {"https://issuer.example"}}}), "the token's `iss` is no string"},
      {Claims({{"iss", nullptr}}), "the token's `iss` is no string"},
      {Claims({{"aud", "evil"}}), kAudience},
      {Claims({{"aud", "Sluice"}}), kAudience},
      {Claims({{"aud", ""}}), kAudience},
      {Claims({{"aud", json::array()}}), kAudience},
      {Claims({{"aud", {"evil", "more"}}}), kAudience},
      {Claims({{"aud", {"sluice", 7}}}), kAudienceKind},
      {Claims({{"aud", {{"sluice"}}}}), kAudienceKind},
      {Claims({{"aud", 7}}), kAudienceKind},
      {Claims({{"aud", nullptr}}), kAudienceKind},
      {Claims({{"aud", {{"sluice", true}}}}), kAudienceKind},
      {Without("aud"), "the token has no `aud`"},
  };
  for (const auto& [claims, reason] : rows) ExpectRefused(claims.dump(), Signed(claims), reason);
  ExpectAllowed("the other audience", Signed(Claims({{"aud", "other"}})));
  ExpectAllowed("one of several", Signed(Claims({{"aud", {"evil", "sluice"}}})));
  options.claims.audiences.clear();
  ExpectRefused("made for others", Good(), kAudience);
  ExpectAllowed("for nobody in particular", Signed(Without("aud")));
  options.claims.issuer.clear();
  json claims = Without("aud");
  claims["iss"] = "https://any.example";
  ExpectAllowed("any issuer", Signed(claims));
}

TEST_F(HostileTokens, OutOfTime) {
  constexpr char kExpired[] = "the token has expired";
  constexpr char kNotYet[] = "the token is not valid yet";
  const int64_t leeway = 30;
  const std::pair<json, const char*> rows[] = {
      {Claims({{"exp", Now() - 3600}}), kExpired},
      {Claims({{"exp", Now() - leeway}}), kExpired},
      {Claims({{"exp", static_cast<double>(Now() - leeway) - 0.5}}), kExpired},
      {Claims({{"exp", 0}}), kExpired},
      {Claims({{"nbf", Now() + leeway + 1}}), kNotYet},
      {Claims({{"nbf", Now() + 3600}}), kNotYet},
      {Claims({{"iat", Now() + leeway + 1}}), kNotYet},
      {Without("exp"), "the token has no `exp`"},
  };
  for (const auto& [claims, reason] : rows) ExpectRefused(claims.dump(), Signed(claims), reason);
  for (const json& claims :
       {Claims({{"exp", Now() - leeway + 1}}), Claims({{"exp", static_cast<double>(Now()) + 0.5}}),
        Claims({{"exp", 253402300799}}), Claims({{"nbf", Now() + leeway}}),
        Claims({{"nbf", 0}, {"iat", 0}}), Claims({{"iat", Now() + leeway}})}) {
    ExpectAllowed(claims.dump(), Signed(claims));
  }
  for (const char* claim : {"exp", "nbf", "iat"}) {
    const std::string reason = absl::StrCat("the token's `", claim, "` is no time");
    for (const json& time : {json(std::to_string(Now() + 3600)), json("NaN"), json(-1), json(-0.5),
                             json(INT64_MIN), json(UINT64_MAX), json(253402300800), json(1e300),
                             json(nullptr), json(true), json::array({Now() + 3600})}) {
      ExpectRefused(claim + time.dump(), Signed(Claims({{claim, time}})), reason);
    }
  }
}

TEST_F(HostileTokens, ExpireToTheNanosecond) {
  const std::string token = Signed(Claims({{"exp", Now() + 10}}));
  clock.Advance(absl::Seconds(40) - absl::Nanoseconds(1));
  ExpectAllowed("the last nanosecond", token);
  clock.Advance(absl::Nanoseconds(1));
  ExpectRefused("after it", token, "the token has expired");
}

TEST_F(HostileTokens, WithoutAnExpiryGetInWhereThatIsConfigured) {
  options.claims.require_expiry = false;
  const Decision decision = Decide(Signed(Without("exp")));
  EXPECT_TRUE(decision.allowed());
  EXPECT_EQ(decision.expires_at, absl::InfiniteFuture());
  ExpectRefused("expired", Signed(Claims({{"exp", 1}})), "the token has expired");
}

TEST_F(HostileTokens, WithASubjectThatIsNone) {
  const char* const kNoText = "the token's subject is no string";
  const char* const kControl =
      "the token's subject is longer than 256 bytes, or holds control characters";
  const std::pair<json, const char*> rows[] = {
      {7, kNoText},
      {nullptr, kNoText},
      {json::array({"ada"}), kNoText},
      {json::object({{"ada", 1}}), kNoText},
      {"a\nda", kControl},
      {"ada\r", kControl},
      {"ada\x7f", kControl},
      {std::string("ada\0", 4), kControl},
      {"\xc2\x85", kControl},
      {std::string(257, 'x'), kControl},
  };
  for (const auto& [subject, reason] : rows) {
    ExpectRefused(subject.dump(), Signed(Claims({{"sub", subject}})), reason);
  }
}

TEST_F(HostileTokens, ThatSayTheirRightsTwiceOrWrongly) {
  const std::pair<json, const char*> rows[] = {
      {{{"sluice", {{"subscribe", {"a"}}}}, {"sluice.subscribe", {"b"}}},
       "the token says twice what `sluice.subscribe` is"},
      {{{"sluice", {{"admin", false}}}, {"sluice.admin", true}},
       "the token says twice what `sluice.admin` is"},
      {{{"sluice", "admin"}}, "the token's `sluice` is no object"},
      {{{"sluice", nullptr}}, "the token's `sluice` is no object"},
      {{{"sluice.subscribe", "**"}}, "the token's `sluice.subscribe` is no list of topic patterns"},
      {{{"sluice", {{"publish", {"a", 7}}}}},
       "the token's `sluice.publish` is no list of topic patterns"},
      {{{"sluice", {{"publish", {"a//b"}}}}},
       "the token's `sluice.publish` is no list of topic patterns"},
      {{{"sluice", {{"publish", {"a/**/b"}}}}},
       "the token's `sluice.publish` is no list of topic patterns"},
      {{{"sluice", {{"stats", "true"}}}}, "the token's `sluice.stats` is neither true nor false"},
      {{{"sluice.admin", 1}}, "the token's `sluice.admin` is neither true nor false"},
  };
  for (const auto& [claims, reason] : rows) {
    ExpectRefused(claims.dump(), Signed(Claims(claims)), reason);
  }
}

}  // namespace
}  // namespace sluice
