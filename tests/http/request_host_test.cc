#include "bridge/http/request_host.h"

#include "gtest/gtest.h"

namespace sluice {
namespace {

using std::string_literals::operator""s;

TEST(RequestHost, IsANameOrAnAddressWithAPort) {
  for (const char* host : {"", "sluice", "SLUICE.example", "a_b.c-d", "127.0.0.1", "127.0.0.1:8080",
                           "[::1]", "[2001:db8::1]:80", "sluice:", "sluice:65535"}) {
    EXPECT_TRUE(IsHost(host)) << host;
  }
}

TEST(RequestHost, IsNothingElse) {
  for (const std::string& host :
       {" "s,        ":80"s,  "a b"s,  "a,b"s,      "a/b"s,       "user@a"s,
        "a?b"s,      "a#b"s,  "a:b"s,  "a:80:80"s,  "a:65536"s,   "a:+1"s,
        "a:000080"s, "::1"s,  "[::1"s, "[]"s,       "[1.2.3.4]"s, "[a]"s,
        "[::1]a"s,   "a%2f"s, "a\0"s,  "\xc3\xa4"s, "\ta"s,       std::string(256, 'a')}) {
    EXPECT_FALSE(IsHost(host)) << host;
  }
}

TEST(RequestHost, IsTakenFromATargetInAbsoluteForm) {
  const auto full = SplitAbsoluteTarget("HTTP://a.example:8080/v1/x?y=http://z");
  ASSERT_TRUE(full);
  EXPECT_EQ(full->host, "a.example:8080");
  EXPECT_EQ(full->origin_form, "/v1/x?y=http://z");
  EXPECT_EQ(SplitAbsoluteTarget("https://a")->origin_form, "/");
  EXPECT_EQ(SplitAbsoluteTarget("http://a?b")->origin_form, "/?b");
  EXPECT_EQ(SplitAbsoluteTarget("http://user:password@a/")->host, "user:password@a");
  for (const char* other : {"/", "*", "/http://a", "a:443", "ftp://a/", "http:/a"}) {
    EXPECT_FALSE(SplitAbsoluteTarget(other)) << other;
  }
}

}  // namespace
}  // namespace sluice
