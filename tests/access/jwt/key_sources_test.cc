// Keys from a file and from an address, and the tokens that wait for them.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <future>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "bridge/access/jwt/http_fetch.h"
#include "bridge/access/jwt/jwks_url.h"
#include "bridge/access/jwt/jwt_authorizer.h"
#include "tests/access/ask.h"
#include "tests/access/jwt/key_server.h"
#include "tests/access/jwt/signing.h"
#include "tests/fakes/fake_clock.h"

namespace sluice {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using Verdict = Decision::Verdict;

std::string SetOf(const std::vector<std::pair<std::string, SigningKey>>& keys) {
  json list = json::array();
  for (const auto& [id, key] : keys) {
    list.push_back(key.Jwk());
    list.back()["kid"] = id;
  }
  return json({{"keys", list}}).dump();
}

// An authorizer whose keys are elsewhere.
struct KeySources : testing::Test {
  KeySources() { options.rights.subscribe = {"**"}; }

  std::unique_ptr<Authorizer> Make() const { return MakeJwtAuthorizer(options, clock); }
  std::future<Decision> AskAsync(Authorizer& authorizer, const std::string& kid,
                                 const SigningKey& key) const {
    const json claims = {{"exp", absl::ToUnixSeconds(clock.Now()) + 3600}};
    return sluice::AskAsync(
        authorizer,
        {.topics = {"room/1"}, .credential = Token({{"alg", "EdDSA"}, {"kid", kid}}, claims, key)});
  }
  Decision Ask(Authorizer& authorizer, const std::string& kid, const SigningKey& key) const {
    return AskAsync(authorizer, kid, key).get();
  }

  FakeClock clock;
  JwtAuthorizerOptions options;
  const SigningKey old_key = SigningKey::Ed25519();
  const SigningKey new_key = SigningKey::Ed25519();
};

struct KeysBehindAnAddress : KeySources {
  KeysBehindAnAddress() {
    server.Answer(SetOf({{"old", old_key}}));
    options.urls = {{.url = server.url(), .refresh = absl::Hours(1)}};
  }
  KeyServer server;
};

TEST_F(KeysBehindAnAddress, AreWaitedForAtTheStart) {
  server.Hold();
  const auto authorizer = Make();
  auto waiting = AskAsync(*authorizer, "old", old_key);
  server.WaitForRequests(1);
  EXPECT_EQ(waiting.wait_for(std::chrono::seconds(0)), std::future_status::timeout);
  server.Release();
  EXPECT_TRUE(waiting.get().allowed());
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(KeysBehindAnAddress, ThatHaveComeRefuseABadSignatureForGood) {
  server.Hold();
  const auto authorizer = Make();
  auto waiting = AskAsync(*authorizer, "old", new_key);
  server.WaitForRequests(1);
  server.Release();
  const Decision decision = waiting.get();
  EXPECT_EQ(decision.verdict, Verdict::kUnauthenticated);
  EXPECT_EQ(decision.reason, "the token's signature is not good");
}

TEST_F(KeysBehindAnAddress, AreFetchedForAnUnknownIdAtMostEveryTenSeconds) {
  const auto authorizer = Make();
  EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed());
  // Known ids make nobody fetch, good or bad.
  EXPECT_EQ(Ask(*authorizer, "old", new_key).reason, "the token's signature is not good");
  EXPECT_EQ(server.requests(), 1);

  server.Answer(SetOf({{"old", old_key}, {"new", new_key}}));
  EXPECT_TRUE(Ask(*authorizer, "new", new_key).allowed());
  EXPECT_EQ(server.requests(), 2);
  // In between, nobody knows: whoever comes back after the next look is told.
  for (int i = 0; i < 20; ++i) {
    const Decision decision = Ask(*authorizer, absl::StrCat("unknown", i), new_key);
    EXPECT_EQ(decision.verdict, Verdict::kError);
    EXPECT_EQ(decision.reason, "the token's key could not be looked for just now");
  }
  clock.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_EQ(Ask(*authorizer, "unknown", new_key).verdict, Verdict::kError);
  EXPECT_EQ(server.requests(), 2);
  clock.Advance(absl::Nanoseconds(1));
  server.Answer(SetOf({{"new", new_key}}));
  EXPECT_EQ(Ask(*authorizer, "unknown", new_key).verdict, Verdict::kUnauthenticated);
  EXPECT_EQ(server.requests(), 3);
  for (int i = 0; i < 20; ++i) {
    const Decision decision = Ask(*authorizer, absl::StrCat("unknown", i), new_key);
    EXPECT_EQ(decision.verdict, Verdict::kUnauthenticated);
    EXPECT_EQ(decision.reason, "the token's key is not known");
  }
  EXPECT_EQ(server.requests(), 3);
  // What was taken away is not known any more.
  EXPECT_EQ(Ask(*authorizer, "old", old_key).verdict, Verdict::kError);
  clock.Advance(kJwksLookInterval);
  EXPECT_EQ(Ask(*authorizer, "old", old_key).reason, "the token's key is not known");
  EXPECT_EQ(Ask(*authorizer, "old", old_key).reason, "the token's key is not known");
  EXPECT_EQ(server.requests(), 4);
}

// A stranger's token has made it look a moment before the keys were rotated.
TEST_F(KeysBehindAnAddress, ThatAreSecondsOldAreNoReasonToRefuseAGoodTokenForGood) {
  const auto authorizer = Make();
  EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed());
  EXPECT_EQ(Ask(*authorizer, "unknown", new_key).verdict, Verdict::kUnauthenticated);
  EXPECT_EQ(server.requests(), 2);
  server.Answer(SetOf({{"old", old_key}, {"new", new_key}}));
  EXPECT_EQ(Ask(*authorizer, "new", new_key).verdict, Verdict::kError);
  EXPECT_EQ(server.requests(), 2);
  clock.Advance(kJwksLookInterval);
  EXPECT_TRUE(Ask(*authorizer, "new", new_key).allowed());
  EXPECT_EQ(server.requests(), 3);
}

TEST_F(KeysBehindAnAddress, MayBeNewerThanAFetchThatHadBegun) {
  const auto authorizer = Make();
  EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed());
  server.Hold();
  auto first = AskAsync(*authorizer, "unknown", new_key);
  server.WaitForRequests(2);
  auto later = AskAsync(*authorizer, "new", new_key);
  server.Release();
  EXPECT_EQ(first.get().verdict, Verdict::kUnauthenticated);
  EXPECT_EQ(later.get().verdict, Verdict::kError);
  server.Answer(SetOf({{"new", new_key}}));
  clock.Advance(kJwksLookInterval);
  EXPECT_TRUE(Ask(*authorizer, "new", new_key).allowed());
}

TEST_F(KeysBehindAnAddress, AreNotLookedForWhereTheTokenDoesNotHoldAnyway) {
  options.claims.issuer = "https://issuer.example";
  const auto authorizer = Make();
  EXPECT_EQ(Ask(*authorizer, "old", old_key).verdict, Verdict::kUnauthenticated);
  for (int i = 0; i < 3; ++i) {
    const Decision decision = Ask(*authorizer, absl::StrCat("unknown", i), new_key);
    EXPECT_EQ(decision.verdict, Verdict::kUnauthenticated);
    EXPECT_EQ(decision.reason, "the token's key is not known");
  }
  EXPECT_EQ(server.requests(), 1);
}

TEST_F(KeysBehindAnAddress, AreRememberedToBeMissedOfSoManyOnly) {
  const auto authorizer = Make();
  EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed());
  EXPECT_EQ(Ask(*authorizer, "unknown", new_key).verdict, Verdict::kUnauthenticated);
  EXPECT_EQ(Ask(*authorizer, "unknown", new_key).verdict, Verdict::kUnauthenticated);
  for (int i = 0; i < 1024; ++i) {
    EXPECT_EQ(Ask(*authorizer, absl::StrCat("other", i), new_key).verdict, Verdict::kError);
  }
  // It was forgotten.
  EXPECT_EQ(Ask(*authorizer, "unknown", new_key).verdict, Verdict::kError);
}

TEST_F(KeysBehindAnAddress, AreKeptWhileItAnswersSomethingElse) {
  KeyServer elsewhere;
  elsewhere.Answer(SetOf({{"new", new_key}}));
  const auto authorizer = Make();
  ASSERT_TRUE(Ask(*authorizer, "old", old_key).allowed());
  const std::string set = SetOf({{"new", new_key}});
  const std::function<void()> answers[] = {
      [&] { server.Answer("no keys"); },
      [&] { server.Answer("{\"keys\": [{}]}"); },
      [&] { server.Answer(set, "500 Internal Server Error"); },
      [&] { server.Answer(set, "404 Not Found"); },
      [&] { server.Answer(set, "206 Partial Content"); },
      [&] { server.Answer("", "302 Found", absl::StrCat("Location: ", elsewhere.url(), "\r\n")); },
      [&] { server.Answer(set + std::string(kJwksBytesMax, ' ')); },
      [&] {
        server.AnswerRaw(absl::StrCat("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", set,
                                      std::string(2 * kJwksBytesMax, ' ')));
      },
      [&] {
        server.AnswerRaw(absl::StrCat("HTTP/1.1 200 OK\r\nContent-Length: ", set.size() + 1,
                                      "\r\nConnection: close\r\n\r\n", set));
      },
      [&] {
        server.AnswerRaw(absl::StrCat("HTTP/1.1 200 OK\r\nX: ", std::string(99'000, 'x'),
                                      "\r\nContent-Length: ", set.size(), "\r\n\r\n", set));
      },
      [&] { server.AnswerRaw("garbage\r\n\r\n"); },
      [&] { server.AnswerRaw(""); },
  };
  int asked = 1;
  for (const auto& answer : answers) {
    answer();
    clock.Advance(kJwksLookInterval);
    // Nobody knows whether there is such a key, however often it is asked for.
    EXPECT_EQ(Ask(*authorizer, "new", new_key).verdict, Verdict::kError) << asked;
    EXPECT_EQ(Ask(*authorizer, "new", new_key).verdict, Verdict::kError) << asked;
    EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed()) << asked;
    server.WaitForRequests(++asked);
  }
  EXPECT_EQ(elsewhere.requests(), 0);
  // It recovers.
  server.Answer(set);
  clock.Advance(kJwksLookInterval);
  EXPECT_TRUE(Ask(*authorizer, "new", new_key).allowed());
}

TEST_F(KeysBehindAnAddress, AreAllTakenBackByASetWithoutAny) {
  const auto authorizer = Make();
  ASSERT_TRUE(Ask(*authorizer, "old", old_key).allowed());
  server.Answer("{\"keys\": []}");
  EXPECT_EQ(Ask(*authorizer, "new", new_key).verdict, Verdict::kUnauthenticated);
  clock.Advance(kJwksLookInterval);
  EXPECT_EQ(Ask(*authorizer, "old", old_key).verdict, Verdict::kUnauthenticated);
  // They may come again.
  server.Answer(SetOf({{"old", old_key}}));
  clock.Advance(kJwksLookInterval);
  EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed());
}

TEST_F(KeysBehindAnAddress, ThatNeverCameLetNobodyIn) {
  server.Answer("", "503 Service Unavailable");
  options.keys = {{.id = "own", .key = new_key.Verification()}};
  const auto authorizer = Make();
  const Decision decision = Ask(*authorizer, "old", old_key);
  EXPECT_EQ(decision.verdict, Verdict::kError);
  EXPECT_EQ(decision.reason, "the keys that sign tokens could not be read yet");
  // Those that are there can be used, and what is no token is none.
  EXPECT_TRUE(Ask(*authorizer, "own", new_key).allowed());
  EXPECT_EQ(sluice::Ask(*authorizer, {.topics = {"a"}, .credential = "a.b.c"}).verdict,
            Verdict::kUnauthenticated);
}

TEST_F(KeysBehindAnAddress, AreTriedAgainSoonAfterAFailure) {
  server.Answer("", "503 Service Unavailable");
  const auto authorizer = Make();
  server.WaitForRequests(1);
  server.Answer(SetOf({{"old", old_key}}));
  server.WaitForRequests(2);  // by itself, long before an hour is over
}

TEST_F(KeysBehindAnAddress, AreRefreshed) {
  options.urls[0].refresh = absl::Milliseconds(1);
  const auto authorizer = Make();
  server.WaitForRequests(3);
}

TEST_F(KeysBehindAnAddress, AreWaitedForBySoManyOnly) {
  server.Hold();
  const auto authorizer = Make();
  std::vector<std::future<Decision>> waiting;
  for (size_t i = 0; i < kJwksWaitingMax; ++i) {
    waiting.push_back(AskAsync(*authorizer, "old", old_key));
  }
  const Decision decision = Ask(*authorizer, "old", old_key);
  EXPECT_EQ(decision.verdict, Verdict::kError);
  EXPECT_EQ(decision.reason, "too many tokens wait for their keys");
  server.Release();
  for (auto& answer : waiting) EXPECT_TRUE(answer.get().allowed());
}

TEST_F(KeysBehindAnAddress, AreNotWaitedForAtTheEnd) {
  server.Hold();
  auto authorizer = Make();
  auto waiting = AskAsync(*authorizer, "old", old_key);
  server.WaitForRequests(1);
  authorizer.reset();
  EXPECT_EQ(waiting.get().verdict, Verdict::kError);
}

TEST_F(KeysBehindAnAddress, OfSeveralAreLookedForAtEach) {
  KeyServer second;
  second.Answer(SetOf({{"new", new_key}}));
  options.urls.push_back({.url = second.url(), .refresh = absl::Hours(1)});
  const auto authorizer = Make();
  EXPECT_TRUE(Ask(*authorizer, "new", new_key).allowed());
  EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed());
  const SigningKey newest = SigningKey::Ed25519();
  second.Answer(SetOf({{"newest", newest}}));
  clock.Advance(kJwksLookInterval);
  EXPECT_TRUE(Ask(*authorizer, "newest", newest).allowed());
}

TEST(Fetch, GoesToWebAddressesOnly) {
  for (const char* url : {"https://issuer.example/jwks", "http://127.0.0.1:1/", "HTTPS://a"}) {
    EXPECT_TRUE(CheckFetchUrl(url).ok()) << url;
  }
  for (const char* url :
       {"", "issuer.example", "//a", "file:///etc/passwd", "ftp://a", "gopher://a", "https://",
        "https://u@a", "https://u:p@a", "https://a b", "http://a:x"}) {
    EXPECT_FALSE(CheckFetchUrl(url).ok()) << url;
    EXPECT_FALSE(Fetch({.url = url}, {}).ok()) << url;
  }
  EXPECT_TRUE(IsOpenToOthers("http://issuer.example"));
  EXPECT_TRUE(IsOpenToOthers("http://localhost.example"));
  EXPECT_FALSE(IsOpenToOthers("https://issuer.example"));
  for (const char* url : {"http://localhost:1/", "http://127.0.0.1:1", "http://[::1]:1"}) {
    EXPECT_FALSE(IsOpenToOthers(url)) << url;
  }
}

TEST(Fetch, EndsInTime) {
  KeyServer server;
  server.Hold();
  const auto answer = Fetch({.url = server.url(), .timeout = absl::Milliseconds(50)}, {});
  EXPECT_THAT(std::string(answer.status().message()), HasSubstr("Timeout"));
}

struct KeysInAFile : KeySources {
  KeysInAFile() : path(absl::StrCat(testing::TempDir(), "jwks_", getpid(), ".json")) {
    options.files = {{.path = path}};
  }
  ~KeysInAFile() override { std::filesystem::remove(path); }

  // As deployments do: another file takes its place.
  void Write(const std::string& text) {
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
  }
  static void Eventually(const std::function<bool()>& condition) {
    const absl::Time deadline = absl::Now() + absl::Seconds(20);
    while (!condition() && absl::Now() < deadline) absl::SleepFor(absl::Milliseconds(5));
    EXPECT_TRUE(condition());
  }

  const std::string path;
};

TEST_F(KeysInAFile, AreReadAgainWhenItChanges) {
  Write(SetOf({{"old", old_key}}));
  const auto authorizer = Make();
  EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed());
  EXPECT_EQ(Ask(*authorizer, "new", new_key).verdict, Verdict::kUnauthenticated);
  Write(SetOf({{"new", new_key}}));
  Eventually([&] { return Ask(*authorizer, "new", new_key).allowed(); });
  EXPECT_EQ(Ask(*authorizer, "old", old_key).verdict, Verdict::kUnauthenticated);
}

// What is logged, while it is logged.
class LogFile {
 public:
  explicit LogFile(std::string path) : path_(std::move(path)), stderr_(dup(STDERR_FILENO)) {
    const int file = open(path_.c_str(), O_CREAT | O_TRUNC | O_WRONLY | O_APPEND, 0600);
    dup2(file, STDERR_FILENO);
    close(file);
  }
  ~LogFile() {
    dup2(stderr_, STDERR_FILENO);
    close(stderr_);
    std::filesystem::remove(path_);
  }
  bool Holds(const std::string& text) const {
    std::ifstream in(path_);
    const std::string log{std::istreambuf_iterator<char>(in), {}};
    return log.find(text) != std::string::npos;
  }

 private:
  const std::string path_;
  const int stderr_;
};

TEST_F(KeysInAFile, AreKeptWhileItCannotBeUsed) {
  Write(SetOf({{"old", old_key}}));
  const LogFile log(path + ".log");
  const auto authorizer = Make();
  for (const std::string& broken : {std::string("{\"keys\": ["), std::string("{\"keys\": [{}]}")}) {
    Write(broken);
    const std::string why = broken.back() == '[' ? "no JSON Web Key Set" : "holds no key";
    Eventually([&] { return log.Holds(why); });
    EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed());
  }
  std::filesystem::remove(path);
  Eventually([&] { return log.Holds("No such file"); });
  EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed());
}

TEST_F(KeysInAFile, AreAllTakenBackByASetWithoutAny) {
  Write(SetOf({{"old", old_key}}));
  const LogFile log(path + ".log");
  const auto authorizer = Make();
  EXPECT_TRUE(Ask(*authorizer, "old", old_key).allowed());
  Write("{\"keys\": []}");
  Eventually([&] { return !Ask(*authorizer, "old", old_key).allowed(); });
  EXPECT_EQ(Ask(*authorizer, "old", old_key).verdict, Verdict::kUnauthenticated);
  EXPECT_TRUE(log.Holds("all taken back"));
}

TEST_F(KeysInAFile, ThatNeverWereReadLetNobodyIn) {
  const auto authorizer = Make();
  EXPECT_EQ(Ask(*authorizer, "old", old_key).verdict, Verdict::kError);
}

}  // namespace
}  // namespace sluice
