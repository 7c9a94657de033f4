#include "bridge/http/request_head.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

using std::string_literals::operator""s;

constexpr RequestLimits kLimits{1024, 256};

// What a request with these lines is refused with; 0: it is not.
int StatusOf(std::string_view head) {
  const auto parsed = ParseRequestHead(head, kLimits);
  const auto* refusal = std::get_if<Refusal>(&parsed);
  return refusal ? refusal->status : 0;
}
int StatusWith(std::string_view fields) {
  return StatusOf("GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n");
}
RequestHead Parsed(std::string_view head) {
  auto parsed = ParseRequestHead(head, kLimits);
  EXPECT_TRUE(std::holds_alternative<RequestHead>(parsed)) << head;
  return std::holds_alternative<RequestHead>(parsed) ? std::get<RequestHead>(std::move(parsed))
                                                     : RequestHead();
}

TEST(RequestHead, IsReadWhole) {
  const RequestHead head = Parsed(
      "GET /v1/a?b=c HTTP/1.1\r\nHost: x\r\nACCEPT: a\r\nAccept:b \r\nContent-Length: 12\r\n\r\n");
  EXPECT_EQ(head.method, "GET");
  EXPECT_TRUE(head.method_known);
  EXPECT_EQ(head.target, "/v1/a?b=c");
  EXPECT_FALSE(head.http10);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.body_bytes, 12u);
  EXPECT_EQ(head.Field("accept"), "a, b");
  EXPECT_EQ(head.Field("origin"), std::nullopt);
}

TEST(RequestHead, KnowsWhenTheConnectionIsToClose) {
  EXPECT_FALSE(Parsed("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").keep_alive);
  EXPECT_FALSE(Parsed("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
  EXPECT_TRUE(Parsed("GET / HTTP/1.0\r\n\r\n").http10);
}

TEST(RequestHead, KnowsMethods) {
  EXPECT_TRUE(Parsed("DELETE / HTTP/1.1\r\nHost: x\r\n\r\n").method_known);
  EXPECT_FALSE(Parsed("BREW / HTTP/1.1\r\nHost: x\r\n\r\n").method_known);
  EXPECT_FALSE(Parsed("get / HTTP/1.1\r\nHost: x\r\n\r\n").method_known);
}

TEST(RequestHead, RefusesWhatIsNotHttp) {
  for (const std::string& head :
       {"\r\n\r\n"s, "GET\r\n\r\n"s, "GET /\r\n\r\n"s, "\x16\x03\x01\x02\r\n\r\n"s,
        "GET / HTTP/1.1\nHost: a\r\n\r\n"s, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n"s,
        "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"s,
        "GET / \r\nHost: a\r\n\r\n"s}) {
    EXPECT_EQ(StatusOf(head), 400) << head;
  }
  EXPECT_EQ(StatusWith("No colon\r\n"), 400);
  EXPECT_EQ(StatusWith("Spaced : a\r\n"), 400);
  EXPECT_EQ(StatusWith(": a\r\n"), 400);
  EXPECT_EQ(StatusWith("X: a\0b\r\n"s), 400);
  EXPECT_EQ(StatusWith("X: a\rb\r\n"), 400);
  EXPECT_EQ(StatusWith("X: \x7f\r\n"), 400);
}

TEST(RequestHead, RefusesOtherVersions) {
  EXPECT_EQ(StatusOf("PRI * HTTP/2.0\r\n\r\n"), 505);
  EXPECT_EQ(StatusOf("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 505);
  EXPECT_EQ(StatusOf("GET / HTTP/0.9\r\n\r\n"), 505);
  EXPECT_EQ(StatusOf("GET / HTCPCP/1.0\r\n\r\n"), 505);
}

TEST(RequestHead, RefusesToBeAProxy) {
  EXPECT_EQ(StatusOf("CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n"), 501);
}

TEST(RequestHead, WantsOneHost) {
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\n\r\n"), 400);
  EXPECT_EQ(StatusWith("Host: b\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\n\r\n"), 0);
}

TEST(RequestHead, WantsAHostThatIsOne) {
  for (const char* host : {"a b", "a/b", "user@a", "a,b", "a:b", "[::1", "a%2fb", "\xff"}) {
    EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 400) << host;
    EXPECT_EQ(StatusOf("GET / HTTP/1.0\r\nHost: " + std::string(host) + "\r\n\r\n"), 400) << host;
  }
  for (const char* host : {"a", "a:80", "[::1]:80", "127.0.0.1", ""}) {
    EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\nHost: " + std::string(host) + "\r\n\r\n"), 0) << host;
  }
}

TEST(RequestHead, TakesATargetInAbsoluteFormAndItsHost) {
  const RequestHead head =
      Parsed("GET http://[::1]:80/v1/a?b=c HTTP/1.1\r\nHost: other\r\nX: y\r\n\r\n");
  EXPECT_EQ(head.target, "/v1/a?b=c");
  EXPECT_EQ(head.Field("host"), "[::1]:80");
  EXPECT_EQ(Parsed("GET http://a HTTP/1.0\r\n\r\n").Field("host"), "a");
  EXPECT_EQ(Parsed("GET HTTPS://a?b HTTP/1.1\r\nHost: a\r\n\r\n").target, "/?b");
  for (const char* target : {"http://", "http:///", "http://user:password@a/", "http://a:x/"}) {
    EXPECT_EQ(StatusOf("GET " + std::string(target) + " HTTP/1.1\r\nHost: a\r\n\r\n"), 400)
        << target;
  }
  EXPECT_EQ(StatusOf("GET http://a/ HTTP/1.1\r\n\r\n"), 400) << "a Host is wanted all the same";
}

TEST(RequestHead, RefusesLinesThatAreFoldedOrEndInAnotherWay) {
  EXPECT_EQ(StatusWith("X: a\r\n b\r\n"), 400);
  EXPECT_EQ(StatusWith("X: a\r\n\tb\r\n"), 400);
  EXPECT_EQ(StatusOf("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
  EXPECT_EQ(StatusWith("X: a\nY: b\r\n"), 400);
  EXPECT_EQ(StatusWith("X: a\rY: b\r\n"), 400);
  EXPECT_EQ(StatusWith("Content-Length: 1\r\n\tX: a\r\n"), 400);
  EXPECT_EQ(CheckUnfinishedHead("GET / HTTP/1.1\nHost", kLimits)->status, 400)
      << "its end would never come";
  EXPECT_EQ(CheckUnfinishedHead("GET / HTTP/1.1\r", kLimits), std::nullopt);
  const std::string later = "GET / HTTP/1.1\r\nHost: a\rX";
  for (size_t searched = 0; searched < later.size(); ++searched) {
    EXPECT_EQ(CheckUnfinishedHead(later, kLimits, searched)->status, 400) << searched;
    EXPECT_EQ(CheckUnfinishedHead("GET / HTTP/1.1\r\nHost: a", kLimits, searched), std::nullopt);
  }
}

TEST(RequestHead, RefusesFieldsWhoseNameIsNoToken) {
  for (const char* name :
       {"X ", "X\t", " X", "X(y)", "X/y", "\"X\"", "X\x80", "X@", "X[]", "Content-Length "}) {
    EXPECT_EQ(StatusWith(std::string(name) + ": 1\r\n"), 400) << name;
  }
  EXPECT_EQ(StatusWith("X!#$%&'*+-.^_`|~9: 1\r\n"), 0);
}

TEST(RequestHead, RefusesABodyThatCouldEndInTwoPlaces) {
  EXPECT_EQ(StatusWith("Content-Length: 1\r\nContent-Length: 1\r\n"), 400);
  EXPECT_EQ(StatusWith("Content-Length: 1\r\nContent-Length: 2\r\n"), 400);
  EXPECT_EQ(StatusWith("Content-Length: 1, 1\r\n"), 400);
  EXPECT_EQ(StatusWith("Content-Length: -1\r\n"), 400);
  EXPECT_EQ(StatusWith("Content-Length: +1\r\n"), 400);
  EXPECT_EQ(StatusWith("Content-Length: 0x1\r\n"), 400);
  EXPECT_EQ(StatusWith("Content-Length:\r\n"), 400);
  EXPECT_EQ(StatusWith("Content-Length: 99999999999999999999999\r\n"), 400);
  EXPECT_EQ(StatusWith("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n"), 400);
  EXPECT_EQ(StatusWith("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n"), 400);
  EXPECT_EQ(StatusWith("Content-Length: 1\r\nTransfer-Encoding: identity\r\n"), 400);
  EXPECT_EQ(StatusWith("Transfer-Encoding: chunked\r\n"), 411);
  EXPECT_EQ(StatusWith("Transfer-Encoding: gzip\r\n"), 411);
}

TEST(RequestHead, BoundsTheBody) {
  EXPECT_EQ(StatusWith("Content-Length: " + std::to_string(kRequestBodyBytesMax) + "\r\n"), 0);
  EXPECT_EQ(StatusWith("Content-Length: " + std::to_string(kRequestBodyBytesMax + 1) + "\r\n"),
            413);
}

TEST(RequestHead, UnderstandsOneExpectation) {
  EXPECT_EQ(StatusWith("Expect: 200-ok\r\n"), 417);
  EXPECT_TRUE(
      Parsed("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nExpect: 100-Continue\r\n\r\n")
          .expects_continue);
  EXPECT_FALSE(
      Parsed("GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n").expects_continue);
}

TEST(RequestHead, BoundsTargetAndHead) {
  const std::string target(257, 'a');
  EXPECT_EQ(StatusOf("GET /" + target + " HTTP/1.1\r\nHost: a\r\n\r\n"), 414);
  EXPECT_EQ(StatusWith("X: " + std::string(1024, 'a') + "\r\n"), 431);
}

TEST(RequestHead, BoundsWhatHasNotComeWhole) {
  EXPECT_EQ(CheckUnfinishedHead("GET /", kLimits), std::nullopt);
  EXPECT_EQ(CheckUnfinishedHead("GET /" + std::string(400, 'a'), kLimits)->status, 414);
  EXPECT_EQ(CheckUnfinishedHead("GET / HTTP/1.1\r\nX: " + std::string(1024, 'a'), kLimits)->status,
            431);
}

TEST(RequestHead, IsFoundHoweverItComesInPieces) {
  const std::string bytes = "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET";
  for (size_t searched = 0; searched <= bytes.size() - 4; ++searched) {
    EXPECT_EQ(FindHeadEnd(bytes, searched), bytes.size() - 3) << searched;
  }
  EXPECT_EQ(FindHeadEnd("GET / HTTP/1.1\r\n\r"), std::nullopt);
}

}  // namespace
}  // namespace sluice
