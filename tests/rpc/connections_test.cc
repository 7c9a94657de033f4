#include "bridge/rpc/connections.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace sluice {
namespace {

// The number of a closed descriptor is given to the next that is opened.
TEST(Connections, AreKnownByWhatTheyAreNotByTheirNumber) {
  Connections connections;
  const int first = socket(AF_INET, SOCK_STREAM, 0);
  const int second = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_TRUE(connections.Add(first, "a:1"));
  EXPECT_TRUE(connections.Add(second, "b:1"));
  connections.Recount();
  EXPECT_EQ(connections.known(), 2u);
  close(first);
  const int reused = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(reused, first);
  connections.Recount();
  EXPECT_EQ(connections.known(), 1u);
  EXPECT_TRUE(connections.Add(reused, "c:1"));
  EXPECT_EQ(connections.known(), 2u);
  close(second);
  close(reused);
  connections.Recount();
  EXPECT_EQ(connections.known(), 0u);
  EXPECT_FALSE(connections.Add(second, "d:1"));
}

TEST(Connections, AreOfStrangersUntilSomethingIsAllowed) {
  Connections connections;
  const int one = socket(AF_INET, SOCK_STREAM, 0);
  const int other = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_TRUE(connections.Add(one, "a:1"));
  ASSERT_TRUE(connections.Add(other, "a:2"));
  EXPECT_TRUE(connections.IsStranger("a:1"));
  connections.Allow("a:1");
  connections.Allow("a:1");
  connections.Allow("nobody:1");
  EXPECT_FALSE(connections.IsStranger("a:1"));
  EXPECT_TRUE(connections.IsStranger("a:2"));
  EXPECT_EQ(connections.strangers(), 1u);
  EXPECT_TRUE(connections.EndOldestStranger());
  EXPECT_FALSE(connections.EndOldestStranger());
  EXPECT_EQ(connections.known(), 1u);
  // Another one from the same address begins anew.
  close(one);
  const int later = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_TRUE(connections.Add(later, "a:1"));
  EXPECT_TRUE(connections.IsStranger("a:1"));
  EXPECT_EQ(connections.known(), 1u);
  close(later);
  close(other);
}

TEST(Connections, AreNamedAsGrpcNamesThem) {
  const auto name = [](const char* address, uint32_t scope) {
    sockaddr_storage peer{};
    auto& v6 = reinterpret_cast<sockaddr_in6&>(peer);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(9090);
    v6.sin6_scope_id = scope;
    EXPECT_EQ(inet_pton(AF_INET6, address, &v6.sin6_addr), 1);
    return FormatPeer(peer);
  };
  EXPECT_EQ(name("::1", 0), "[::1]:9090");
  EXPECT_EQ(name("::ffff:192.0.2.7", 0), "192.0.2.7:9090");
  EXPECT_EQ(name("fe80::1", 3), "[fe80::1%3]:9090");
}

}  // namespace
}  // namespace sluice
