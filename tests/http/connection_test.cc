// HTTP/1.1 as strangers speak it: pipelined, broken, slow, huge.
#include "tests/http/http_fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

class ConnectionTest : public HttpFixture {
 protected:
  // What comes back until the server closes.
  std::string Exchange(std::string_view bytes) const { return Connect().Send(bytes).ReadAll(); }
};

TEST_F(ConnectionTest, AnswersManyRequestsOnOneConnection) {
  Start();
  RawClient client = Connect();
  for (int i = 0; i < 20; ++i) EXPECT_EQ(client.Get("/health").ReadResponse().status, 200);
}

TEST_F(ConnectionTest, AnswersPipelinedRequestsInOrder) {
  Start();
  RawClient client = Connect();
  client.Send(
      "GET /health HTTP/1.1\r\nHost: a\r\n\r\n\r\n"
      "GET /nothing HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nabcde"
      "HEAD /health HTTP/1.1\r\nHost: a\r\n\r\n"
      "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_EQ(client.ReadResponse().status, 404);
  const RawResponse head = client.ReadResponse(true);
  EXPECT_EQ(head.status, 200);
  EXPECT_NE(head.Field("Content-Length"), "0");
  EXPECT_EQ(client.ReadResponse().status, 204);
  EXPECT_EQ(client.ReadResponse().Field("Content-Type"), "text/event-stream");
}

TEST_F(ConnectionTest, ReadsARequestByteForByte) {
  Start();
  RawClient client = Connect();
  for (const char byte : std::string("GET /health HTTP/1.1\r\nHost: a\r\n\r\n")) {
    client.Send({&byte, 1});
  }
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(ConnectionTest, ClosesWhenAsked) {
  Start();
  EXPECT_THAT(Exchange("GET /health HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"),
              HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(Exchange("GET /health HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("Connection: close\r\n"));
}

TEST_F(ConnectionTest, SaysWhichMethodsThereAre) {
  options_.public_stats = true;
  Start();
  for (const char* method : {"POST", "PUT", "DELETE", "PATCH", "TRACE"}) {
    for (const char* path : {"/open/1", "/health", "/v1/stats"}) {
      RawClient client = Connect();
      client.Send(std::string(method) + " " + path + " HTTP/1.1\r\nHost: a\r\n\r\n");
      const RawResponse response = client.ReadResponse();
      EXPECT_EQ(response.status, 405) << method << path;
      EXPECT_EQ(response.Field("Allow"), "GET, HEAD, OPTIONS");
    }
  }
  RawClient client = Connect();
  client.Send("BREW /open/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().status, 501);
  client.Send("POST /nothing HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().status, 404);
  // (What follows this one would be no HTTP: the connection is closed.)
  EXPECT_THAT(Exchange("CONNECT host:80 HTTP/1.1\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 501 "));
}

TEST_F(ConnectionTest, AnswersWhatIsMalformedAndCloses) {
  Start();
  for (const char* bytes :
       {"\x16\x03\x01\x02\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/1.1\r\nHost a\r\n\r\n",
        "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
        "chunked\r\n\r\n0\r\n"}) {
    EXPECT_THAT(Exchange(bytes), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << bytes;
  }
  EXPECT_THAT(Exchange("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), StartsWith("HTTP/1.1 505 "));
  EXPECT_THAT(Exchange("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
              StartsWith("HTTP/1.1 411 "));
  EXPECT_THAT(Exchange("GET / HTTP/1.1\r\nHost: a\r\nExpect: magic\r\n\r\n"),
              StartsWith("HTTP/1.1 417 "));
}

TEST_F(ConnectionTest, RefusesTargetsThatCouldMeanAnother) {
  Start();
  for (const char* target : {"/open/%2e%2e", "/open/..", "/open//1", "//open/1", "/open/a%2Fb",
                             "/open/a%00", "/open/%zz", "/open/%c0%af", "/open/a%5cb",
                             "ftp://host/open/1", "*", "/open/1?topic=%ff"}) {
    EXPECT_EQ(Get(target).status, 400) << target;
  }
}

TEST_F(ConnectionTest, AnswersTargetsInAbsoluteForm) {
  Start();
  EXPECT_EQ(Get("http://elsewhere.example/open/1").status, 200);
  EXPECT_EQ(Get("http://user:password@sluice/open/1").status, 400);
}

TEST_F(ConnectionTest, ClosesBehindWhatCouldBeReadInTwoWays) {
  Start();
  const std::string line = "GET /health HTTP/1.1\r\n";
  const std::string more = "GET /health HTTP/1.1\r\nHost: a\r\n\r\n";
  for (const char* head : {"Host: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
                           "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
                           "Host: a\r\nX: a\r\n Content-Length: 5\r\n\r\n", "Host: a\nX: b\r\n\r\n",
                           "Host: a\n\n", "Host : a\r\n\r\n", "Host: a\r\nHost: a\r\n\r\n",
                           "Host: a b\r\n\r\n", "Host: a\r\nX: a\rb\r\n\r\n"}) {
    const std::string answer = Exchange(line + head + more);
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 400 ")) << head;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n")) << head;
    EXPECT_THAT(answer, testing::Not(HasSubstr("healthy"))) << head;
  }
  const std::string with_nul = line + "Host: a\r\nX: a" + std::string(1, '\0') + "\r\n\r\n" + more;
  EXPECT_THAT(Exchange(with_nul), testing::Not(HasSubstr("healthy")));
}

TEST_F(ConnectionTest, BoundsTargetHeadAndBody) {
  Start();
  EXPECT_THAT(Exchange("GET /" + std::string(100'000, 'a')), StartsWith("HTTP/1.1 414 "));
  EXPECT_THAT(Exchange("GET / HTTP/1.1\r\nX: " + std::string(100'000, 'a')),
              StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(Exchange("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n"),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_EQ(Refusals(Reason::kTooLarge), 3u);
}

TEST_F(ConnectionTest, TellsAClientThatAsksToSendItsBody) {
  Start();
  RawClient client = Connect();
  client.Send(
      "GET /health HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadUntil("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  EXPECT_EQ(client.Send("abc").ReadResponse().status, 200);
}

TEST_F(ConnectionTest, GivesUpOnARequestThatDoesNotCome) {
  options_.request_timeout = absl::Milliseconds(50);
  options_.idle_timeout = absl::Seconds(60);
  Start();
  EXPECT_THAT(Exchange("GET /health HTTP/1.1\r\nHo"),
              StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
  EXPECT_THAT(Exchange("POST /health HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab"),
              StartsWith("HTTP/1.1 408 Request Timeout\r\n"));
}

TEST_F(ConnectionTest, ClosesIdleConnectionsQuietly) {
  options_.idle_timeout = absl::Milliseconds(50);
  options_.request_timeout = absl::Milliseconds(50);
  Start();
  EXPECT_EQ(Exchange(""), "");
  EXPECT_EQ(Exchange("\r\n\r\n\r\n"), "");
  EXPECT_THAT(Exchange("GET /health HTTP/1.1\r\nHost: a\r\n\r\n"), HasSubstr("healthy"));
}

TEST_F(ConnectionTest, SurvivesClientsThatLeaveAtAnyMoment) {
  authorizer_.Hold(true);
  Start();
  const std::string request = "GET /v1/user/1?token=good HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t sent = 0; sent <= request.size(); ++sent) Connect().Send(request.substr(0, sent));
  authorizer_.WaitForQuestion();
  authorizer_.Hold(false);
  EXPECT_EQ(Get("/health").status, 200);
}

TEST_F(ConnectionTest, RefusesMoreConnectionsThanMayBe) {
  options_.sessions_max = 1;
  options_.public_stats = true;
  authorizer_.Hold(true);
  Start();
  std::vector<RawClient> clients;
  // One stream may be, and some connections more for health checks.
  while (clients.size() < 65) {
    clients.push_back(Connect());
    clients.back().Get("/v1/stats?token=good");
    while (authorizer_.questions().size() < clients.size()) authorizer_.WaitForQuestion();
  }
  EXPECT_THAT(Connect().ReadAll(), StartsWith("HTTP/1.1 503 "));
  authorizer_.Hold(false);
  EXPECT_EQ(clients.front().ReadResponse().status, 200);
}

TEST_F(ConnectionTest, MakesRoomWhereConnectionsOnlyWaitForTheirClients) {
  options_.sessions_max = 1;
  options_.request_timeout = absl::Hours(1);
  options_.idle_timeout = absl::Hours(1);
  Start();
  std::vector<RawClient> clients;
  while (clients.size() < 65) {
    clients.push_back(Connect());
    clients.back().Send("GET /health HTTP/1.1\r\nHost");
  }
  std::vector<RawClient> later;
  for (size_t i = 0; i < 3; ++i) {
    later.push_back(Connect());
    EXPECT_EQ(later.back().Get("/health").ReadResponse().status, 200);
    EXPECT_TRUE(clients[i].Closed()) << "the oldest goes";
  }
  EXPECT_EQ(clients.back().Send(": a\r\n\r\n").ReadResponse().status, 200);
  EXPECT_EQ(Refusals(Reason::kTooManySessions), 3u);
}

TEST_F(ConnectionTest, GivesANewConnectionTheTimeOfARequestAndNoMore) {
  options_.request_timeout = absl::Milliseconds(50);
  options_.idle_timeout = absl::Hours(1);
  Start();
  EXPECT_EQ(Exchange(""), "") << "it has shown no request yet";
}

TEST_F(ConnectionTest, AnswersErrorsWithCorsForAllowedOriginsOnly) {
  options_.cors = {.origins = {"https://a.example"}, .credentials = true};
  Start();
  for (const char* target : {"/nothing", "/v1/user/1", "/open/%zz", "/open/1", "/health"}) {
    const RawResponse allowed = Get(target, "Origin: https://a.example\r\n");
    EXPECT_EQ(allowed.Field("Access-Control-Allow-Origin"), "https://a.example") << target;
    EXPECT_EQ(allowed.Field("Access-Control-Allow-Credentials"), "true") << target;
    EXPECT_EQ(allowed.Field("Vary"), "Origin") << target;
    const RawResponse other = Get(target, "Origin: https://b.example\r\n");
    EXPECT_FALSE(other.Has("Access-Control-")) << target;
    EXPECT_EQ(other.Field("Vary"), "Origin") << target;
  }
}

TEST_F(ConnectionTest, AnswersPreflightsBeforeAccess) {
  options_.cors = {.origins = {"https://a.example"}};
  Start();
  RawClient client = Connect();
  const std::string fields =
      " HTTP/1.1\r\nHost: a\r\nAccess-Control-Request-Method: GET\r\n"
      "Access-Control-Request-Headers: authorization, last-event-id\r\nOrigin: ";
  client.Send("OPTIONS /v1/user/1" + fields + "https://a.example\r\n\r\n");
  const RawResponse allowed = client.ReadResponse();
  EXPECT_EQ(allowed.status, 204);
  EXPECT_EQ(allowed.Field("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_THAT(allowed.Field("Access-Control-Allow-Headers"), HasSubstr("Last-Event-ID"));
  client.Send("OPTIONS /v1/user/1" + fields + "https://b.example\r\n\r\n");
  const RawResponse other = client.ReadResponse();
  EXPECT_EQ(other.status, 204);
  EXPECT_FALSE(other.Has("Access-Control-"));
  client.Send("OPTIONS /v1/team/1" + fields + "https://a.example\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().status, 404);
  EXPECT_TRUE(authorizer_.questions().empty());
}

TEST_F(ConnectionTest, LetsARouteSwitchCorsOff) {
  options_.cors = {.origins = {"*"}};
  AddRoute("/private", {"a"}).cors = false;
  Start();
  EXPECT_FALSE(Get("/private", "Origin: https://a.example\r\n").Has("Access-Control-"));
  EXPECT_FALSE(Get("/private?token=good", "Origin: https://a.example\r\n").Has("Access-Control-"));
  EXPECT_TRUE(Get("/open/1", "Origin: https://a.example\r\n").Has("Access-Control-"));
}

}  // namespace
}  // namespace sluice
