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

// What somebody has sent over it has come.
class Accepted {
 public:
  Accepted(int listener, size_t bytes) {
    sockaddr_in address{};
    socklen_t size = sizeof(address);
    getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    EXPECT_EQ(connect(client_, reinterpret_cast<sockaddr*>(&address), size), 0);
    server_ = accept(listener, nullptr, nullptr);
    const std::string sent(bytes, 'x');
    EXPECT_EQ(send(client_, sent.data(), sent.size(), 0), static_cast<ssize_t>(bytes));
  }
  ~Accepted() {
    close(client_);
    close(server_);
  }
  int server() const { return server_; }
  bool ended() const {
    char byte;
    return recv(client_, &byte, 1, MSG_DONTWAIT) == 0;
  }

 private:
  const int client_ = socket(AF_INET, SOCK_STREAM, 0);
  int server_ = -1;
};

TEST(Connections, OfStrangersThatSendTooMuchEndFromTheOldestOn) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in loopback{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  ASSERT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&loopback), sizeof(loopback)), 0);
  ASSERT_EQ(listen(listener, 8), 0);
  const Accepted silent(listener, 100);
  const Accepted old(listener, 20'000);
  const Accepted allowed(listener, 30'000);
  const Accepted newcomer(listener, 30'000);
  Connections connections;
  connections.Add(silent.server(), "a:1");
  connections.Add(old.server(), "a:2");
  connections.Add(allowed.server(), "a:3");
  connections.Add(newcomer.server(), "a:4");
  connections.Allow("a:3");
  EXPECT_EQ(connections.BoundStrangers(60'000), 0u);
  EXPECT_EQ(connections.BoundStrangers(40'000), 1u);
  EXPECT_TRUE(old.ended());
  EXPECT_FALSE(silent.ended() || allowed.ended() || newcomer.ended());
  EXPECT_EQ(connections.BoundStrangers(40'000), 0u);
  close(listener);
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
