// Who gets a stream: what is asked, and what becomes of the answer.
#include "bridge/access/authorizers.h"
#include "tests/fakes/fake_clock.h"
#include "tests/http/http_fixture.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::Pair;

class AccessTest : public HttpFixture {};

TEST_F(AccessTest, Says404BeforeItAsks) {
  Start();
  EXPECT_EQ(Get("/nothing").status, 404);
  EXPECT_EQ(Get("/v1/team/1").status, 404);
  EXPECT_EQ(Get("/v1/user/a%2Fb").status, 400);
  EXPECT_THAT(authorizer_.questions(), IsEmpty());
}

TEST_F(AccessTest, AsksForExactlyWhatIsWanted) {
  authorizer_.wanted.headers = {"x-tenant"};
  Start();
  Get("/v1/events?topic=a/1&topic=b/2&token=ignored",
      "Authorization: Bearer good\r\nX-Tenant: blue\r\nX-Other: 1\r\n");
  const auto questions = authorizer_.questions();
  ASSERT_EQ(questions.size(), 1u);
  EXPECT_EQ(questions[0].action, Action::kSubscribe);
  EXPECT_THAT(questions[0].topics, ElementsAre("a/1", "b/2"));
  EXPECT_EQ(questions[0].credential, "good");
  EXPECT_THAT(questions[0].headers, ElementsAre(Pair("x-tenant", "blue")));
  EXPECT_EQ(questions[0].peer_address, "");
}

TEST_F(AccessTest, SendsThePeerAddressOnRequestOnly) {
  authorizer_.wanted.peer_address = true;
  Start();
  Get("/v1/user/1", kGood);
  EXPECT_THAT(authorizer_.questions()[0].peer_address, MatchesRegex("127\\.0\\.0\\.1:[0-9]+"));
}

TEST_F(AccessTest, DoesNotAskForPublicRoutes) {
  Start();
  EXPECT_EQ(Get("/open/1").status, 200);
  EXPECT_THAT(authorizer_.questions(), IsEmpty());
}

TEST_F(AccessTest, AsksWhoTheRouteNames) {
  Authorizers authorizers;
  auto owned = std::make_unique<TokenAuthorizer>();
  TokenAuthorizer& named = *owned;
  named.On("other").subject = "7";
  named.wanted.headers = {"x-tenant"};
  authorizers.Add("named", std::move(owned));
  context_.authorizers = &authorizers;
  AddRoute("/named", {"named"}).authorizer = "named";
  AddRoute("/nobody", {"nobody"}).authorizer = "nobody";
  Start();
  EXPECT_EQ(Get("/named", kGood).status, 401);
  EXPECT_EQ(Get("/named?token=other", "X-Tenant: blue\r\n").status, 200);
  EXPECT_THAT(named.questions()[1].headers, ElementsAre(Pair("x-tenant", "blue")));
  EXPECT_THAT(authorizer_.questions(), IsEmpty());
  EXPECT_EQ(Get("/nobody", kGood).status, 403);
  Stop();
}

TEST_F(AccessTest, Says401WithoutAGoodCredential) {
  Start();
  const RawResponse response = Get("/v1/user/1");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.Field("WWW-Authenticate"), "Bearer");
  EXPECT_EQ(response.Field("Content-Type"), "application/problem+json");
  EXPECT_EQ(Get("/v1/user/1?token=bad").status, 401);
  EXPECT_EQ(Refusals(Reason::kUnauthenticated), 2u);
}

TEST_F(AccessTest, Says401ToACredentialThatHasExpired) {
  authorizer_.On("old").expires_at = Clock::System().Now() - absl::Seconds(1);
  Start();
  EXPECT_EQ(Get("/v1/user/1?token=old").status, 401);
}

TEST_F(AccessTest, Says403AndNamesTheDeniedTopic) {
  Decision& decision = authorizer_.On("weak");
  decision.verdict = Decision::Verdict::kForbidden;
  decision.denied_topics = {"b/2"};
  Start();
  const RawResponse response = Get("/v1/events?topic=a/1&topic=b/2&token=weak");
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.body, HasSubstr("\"denied_topics\":[\"b/2\"]"));
}

TEST_F(AccessTest, Says503WhenItCouldNotBeChecked) {
  Decision& decision = authorizer_.On("away");
  decision.verdict = Decision::Verdict::kError;
  decision.reason = "10.0.0.7 refused";
  Start();
  const RawResponse response = Get("/v1/user/1?token=away");
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.Field("Retry-After"), MatchesRegex("[1-5]"));
  EXPECT_THAT(response.body, Not(HasSubstr("10.0.0.7")));
  EXPECT_EQ(Refusals(Reason::kAuthorizerAway), 1u);
}

TEST_F(AccessTest, DoesNotKillAnEventSourceWhenItCouldNotBeChecked) {
  authorizer_.On("away").verdict = Decision::Verdict::kError;
  options_.cors = {.origins = {"https://a.example"}, .credentials = true};
  Start();
  RawClient client = Connect();
  client.Get("/v1/user/1?token=away",
             std::string(kFromEventSource) + "Origin: https://a.example\r\n");
  const RawResponse response = client.ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Field("Content-Type"), "text/event-stream");
  EXPECT_EQ(response.Field("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(response.Field("Access-Control-Allow-Credentials"), "true");
  EXPECT_THAT(response.body, MatchesRegex("retry: [1-5][0-9][0-9][0-9]\n\n"));
  EXPECT_TRUE(client.Closed());
  EXPECT_EQ(Refusals(Reason::kAuthorizerAway), 1u);
}

constexpr std::string_view kCookie = "Cookie: a=b; session=good\r\n";

std::string CookieAnd(const std::string& fields) { return std::string(kCookie) + fields + "\r\n"; }

TEST_F(AccessTest, TakesTheCredentialFromTheCookieOfAPageOfThisHost) {
  options_.credential_cookies = {"session"};
  Start();
  EXPECT_EQ(Get("/v1/user/1", CookieAnd("Origin: http://sluice")).status, 200);
  EXPECT_EQ(Get("/v1/user/1", CookieAnd("Sec-Fetch-Site: same-origin")).status, 200);
  RawClient client = Connect();
  client.Send("GET /v1/user/1 HTTP/1.1\r\nHost: SLUICE:8080\r\nOrigin: http://sluice:8080\r\n" +
              std::string(kCookie) + "\r\n");
  EXPECT_EQ(client.ReadResponse().status, 200);
  RawClient own_port = Connect();
  own_port.Send("GET /v1/user/1 HTTP/1.1\r\nHost: sluice:80\r\nOrigin: http://sluice\r\n" +
                std::string(kCookie) + "\r\n");
  EXPECT_EQ(own_port.ReadResponse().status, 200);
}

TEST_F(AccessTest, TakesTheCookieOfAnOriginThatIsListedByName) {
  options_.credential_cookies = {"session"};
  options_.cors.origins = {"https://app.example", "*"};
  Start();
  EXPECT_EQ(Get("/v1/user/1", CookieAnd("Origin: https://app.example")).status, 200);
  EXPECT_EQ(Get("/v1/user/1", CookieAnd("Origin: https://other.example")).status, 401);
}

TEST_F(AccessTest, IgnoresTheCookieOfAnyOtherPageAndSaysWhy) {
  options_.credential_cookies = {"session"};
  Start();
  for (const char* fields :
       {"X: y", "Origin: https://evil.example", "Origin: null", "Origin: https://sluice",
        "Origin: http://sluice:8080", "Origin: http://sluice.evil.example",
        "Origin:", "Origin: http://sluice\r\nOrigin: http://sluice", "Sec-Fetch-Site: same-site",
        "Sec-Fetch-Site: none", "Sec-Fetch-Site: cross-site",
        "Origin: https://evil.example\r\nSec-Fetch-Site: same-origin", "Referer: http://sluice/"}) {
    const RawResponse response = Get("/v1/user/1", CookieAnd(fields));
    EXPECT_EQ(response.status, 401) << fields;
    EXPECT_THAT(response.body, HasSubstr("the cookie was not taken")) << fields;
    EXPECT_EQ(authorizer_.questions().back().credential, "") << fields;
  }
}

TEST_F(AccessTest, IgnoresACookieButNotTheTokenBesideIt) {
  options_.credential_cookies = {"session"};
  Start();
  const std::string cookie = "Cookie: session=other\r\n";
  EXPECT_EQ(Get("/v1/user/1?token=good", cookie).status, 200);
  const RawResponse response = Get("/v1/user/1?token=bad", cookie);
  EXPECT_EQ(response.status, 401);
  EXPECT_THAT(response.body, Not(HasSubstr("cookie"))) << "it would not have been taken anyway";
}

TEST_F(AccessTest, TellsAnAuthorizerOfCookiesOnlyWhereTheyWouldBeTaken) {
  authorizer_.wanted.headers = {"cookie"};
  Start();
  Get("/v1/user/1", CookieAnd("Origin: http://sluice"));
  EXPECT_THAT(authorizer_.questions().back().headers,
              ElementsAre(Pair("cookie", "a=b; session=good")));
  for (const char* fields : {"X: y", "Origin: https://evil.example", "Sec-Fetch-Site: none"}) {
    const RawResponse response = Get("/v1/user/1", CookieAnd(fields));
    EXPECT_THAT(authorizer_.questions().back().headers, IsEmpty()) << fields;
    EXPECT_THAT(response.body, HasSubstr("the cookie was not taken")) << fields;
  }
}

TEST_F(AccessTest, BelievesATrustedProxyThatThePageWasHttps) {
  options_.credential_cookies = {"session"};
  options_.trusted_proxies = {"127.0.0.1"};
  Start();
  EXPECT_EQ(
      Get("/v1/user/1", CookieAnd("Origin: https://sluice\r\nForwarded: for=1.2.3.4;proto=https"))
          .status,
      200);
  EXPECT_EQ(
      Get("/v1/user/1", CookieAnd("Origin: https://sluice\r\nForwarded: for=1.2.3.4;proto=http"))
          .status,
      401);
}

TEST_F(AccessTest, FillsInTheSubject) {
  Start();
  RawClient client = OpenStream("/me?token=good");
  EXPECT_THAT(authorizer_.questions()[0].topics, ElementsAre("user/{subject}"));
  Publish(MakeEvent("user/42", "mine"));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("data: mine\n"));
}

TEST_F(AccessTest, RefusesASubjectThatIsNoSegment) {
  authorizer_.On("slash").subject = "42/../43";
  authorizer_.On("line").subject = "4\n2";
  authorizer_.On("nobody").subject = "";
  Start();
  for (const char* target : {"/me?token=slash", "/me?token=line", "/me?token=nobody"}) {
    EXPECT_EQ(Get(target).status, 403) << target;
  }
  EXPECT_EQ(Get("/v1/user/1?token=slash").status, 200);
}

TEST_F(AccessTest, ImposesTheDecisionsFilter) {
  Decision& decision = authorizer_.On("limited");
  decision.attributes = {{"tenant", "blue"}};
  decision.event_types = {"note"};
  Start();
  RawClient client = OpenStream("/v1/user/1?token=limited");
  Publish(MakeEvent("user/1", "no tenant"));
  Publish(With(MakeEvent("user/1", "red"), "tenant", "red"));
  Publish(With(MakeEvent("user/1", "typed", "secret"), "tenant", "blue"));
  Publish(With(MakeEvent("user/1", "right"), "tenant", "blue"));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("data: right\n"));
}

TEST_F(AccessTest, LaysTheDecisionsMasksOverPayloads) {
  authorizer_.On("reader").masks = *FieldMasks::Make({{"note", {"text"}}});
  authorizer_.On("auditor").masks = *FieldMasks::Make({{"note", {"author.name"}}});
  Start();
  RawClient reader = OpenStream("/v1/user/1?token=reader");
  RawClient auditor = OpenStream("/v1/user/1?token=auditor");
  RawClient whole = OpenStream("/v1/user/1?token=good");
  const std::string data = R"({"text":"hi","author":{"name":"ada","mail":"a@b.c"}})";
  Publish(MakeEvent("user/1", data));
  EXPECT_THAT(reader.ReadUntil("\n\n"), HasSubstr("data: {\"text\":\"hi\"}\n"));
  EXPECT_THAT(auditor.ReadUntil("\n\n"), HasSubstr("data: {\"author\":{\"name\":\"ada\"}}\n"));
  EXPECT_THAT(whole.ReadUntil("\n\n"), HasSubstr("data: " + data + "\n"));
}

TEST_F(AccessTest, LetsNothingThroughWhereRouteAndDecisionContradict) {
  AddRoute("/only/{tenant}", {"news"}).filter = {{"tenant", "{tenant}"}};
  authorizer_.On("blue").attributes = {{"tenant", "blue"}};
  Start();
  RawClient blue = OpenStream("/only/blue?token=blue");
  RawClient red = OpenStream("/only/red?token=blue");
  Publish(With(MakeEvent("news", "for red"), "tenant", "red"));
  Publish(With(MakeEvent("news", "for blue"), "tenant", "blue"));
  EXPECT_THAT(blue.ReadUntil("\n\n"), HasSubstr("data: for blue\n"));
  Publish(Ending(With(MakeEvent("news", "bye"), "tenant", "blue")));
  EXPECT_THAT(blue.ReadAll(), HasSubstr("bye"));
  Stop();
  hub_.reset();
  EXPECT_THAT(red.ReadAll(), Not(HasSubstr("data: for")));
}

TEST_F(AccessTest, CountsStreamsOfASubject) {
  options_.sessions_per_subject_max = 1;
  authorizer_.On("second").subject = "42";
  authorizer_.On("else").subject = "43";
  Start();
  {
    RawClient first = OpenStream("/v1/user/1?token=good");
    EXPECT_EQ(Get("/v1/user/1?token=second").status, 429);
    EXPECT_EQ(Get("/v1/user/1?token=second", kFromEventSource).status, 200);
    EXPECT_EQ(Get("/v1/user/1?token=else").status, 200);
    EXPECT_EQ(Refusals(Reason::kTooManySessions), 2u);
  }
}

TEST_F(AccessTest, CountsStreamsOfAnAddress) {
  options_.sessions_per_address_max = 1;
  Start();
  const RawClient first = OpenStream("/open/1");
  EXPECT_EQ(Get("/open/1").status, 429);
  EXPECT_EQ(Get("/health").status, 200);
}

TEST_F(AccessTest, CountsStreamsOfAnAddressBehindAProxy) {
  options_.sessions_per_address_max = 1;
  options_.trusted_proxies = {"127.0.0.0/8"};
  authorizer_.wanted.peer_address = true;
  Start();
  const RawClient first =
      OpenStream("/v1/user/1", std::string(kGood) + "X-Forwarded-For: 1.2.3.4\r\n");
  EXPECT_EQ(authorizer_.questions().back().peer_address, "1.2.3.4:0");
  EXPECT_EQ(Get("/open/1", "X-Forwarded-For: 1.2.3.4\r\n").status, 429);
  EXPECT_EQ(Get("/open/1", "X-Forwarded-For: 1.2.3.4, 1.2.3.5\r\n").status, 200);
}

TEST_F(AccessTest, BelievesNobodyElseWhereItComesFrom) {
  options_.sessions_per_address_max = 1;
  options_.trusted_proxies = {"10.0.0.0/8"};
  Start();
  const RawClient first = OpenStream("/open/1", "X-Forwarded-For: 1.2.3.4\r\n");
  EXPECT_EQ(Get("/open/1", "X-Forwarded-For: 1.2.3.5\r\nForwarded: for=1.2.3.6\r\n").status, 429);
}

TEST_F(AccessTest, CountsIpv6ClientsByTheirNetwork) {
  options_.sessions_per_address_max = 1;
  options_.trusted_proxies = {"127.0.0.1"};
  Start();
  const RawClient first = OpenStream("/open/1", "X-Forwarded-For: 2001:db8:1:2::3\r\n");
  EXPECT_EQ(Get("/open/1", "X-Forwarded-For: 2001:db8:1:2:ffff::\r\n").status, 429);
  EXPECT_EQ(Get("/open/1", "X-Forwarded-For: 2001:db8:1:3::3\r\n").status, 200);
}

TEST_F(AccessTest, BoundsHowFastStreamsOfAnAddressBegin) {
  FakeClock clock;
  context_.clock = &clock;
  options_.new_sessions_per_address_max = 1;
  Start();
  for (int i = 0; i < 10; ++i) EXPECT_EQ(Get("/open/1").status, 200);
  const RawResponse response = Get("/open/1");
  EXPECT_EQ(response.status, 429);
  EXPECT_EQ(response.Field("Retry-After"), "1");
  EXPECT_THAT(response.body, HasSubstr("more than 1 new streams in a second from your address"));
  const RawResponse stream = Get("/open/1", kFromEventSource);
  EXPECT_EQ(stream.status, 200);
  EXPECT_THAT(stream.body, MatchesRegex("retry: [2-6][0-9][0-9][0-9]\n\n"));
  EXPECT_EQ(Refusals(Reason::kTooFast), 2u);
  EXPECT_EQ(Get("/health").status, 200);
  clock.Advance(absl::Seconds(1));
  EXPECT_EQ(Get("/open/1").status, 200);
}

TEST_F(AccessTest, BoundsHowFastStreamsOfASubjectBegin) {
  FakeClock clock;
  context_.clock = &clock;
  options_.new_sessions_per_subject_max = 2;
  authorizer_.On("second").subject = "42";
  authorizer_.On("else").subject = "43";
  Start();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Get("/v1/user/1?token=good").status, 200);
  EXPECT_EQ(Get("/v1/user/1?token=second").status, 429);
  EXPECT_EQ(Get("/v1/user/1?token=else").status, 200);
  clock.Advance(absl::Milliseconds(500));
  EXPECT_EQ(Get("/v1/user/1?token=second").status, 200);
}

TEST_F(AccessTest, BoundsStreamsInTotal) {
  options_.sessions_max = 1;
  Start();
  const RawClient first = OpenStream("/open/1");
  EXPECT_EQ(Get("/open/1").status, 503);
  EXPECT_EQ(Get("/health").status, 200);
}

TEST_F(AccessTest, NoticesADrainThatBeganWhileItAsked) {
  authorizer_.Hold(true);
  Start();
  RawClient client = Connect();
  client.Get("/v1/user/1?token=good");
  authorizer_.WaitForQuestion();
  server_->StopAccepting();
  authorizer_.Hold(false);
  EXPECT_EQ(client.ReadResponse().status, 503);
}

TEST_F(AccessTest, NeverRepeatsACredential) {
  Start();
  for (const char* target : {"/v1/user/1?token=s3cret%0A", "/v1/user/1?token=s3cret%",
                             "/nothing?token=s3cret", "/v1/user/1?token=s3cret"}) {
    testing::internal::CaptureStderr();
    const RawResponse response = Get(target);
    EXPECT_THAT(response.head + response.body, Not(HasSubstr("s3cret")));
    EXPECT_THAT(testing::internal::GetCapturedStderr(), Not(HasSubstr("s3cret")));
  }
}

}  // namespace
}  // namespace sluice
