#include "bridge/rpc/acceptor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using testing::HasSubstr;

// Takes what is accepted, and can close it.
class AcceptorTest : public testing::Test {
 protected:
  ~AcceptorTest() override {
    acceptor_.Stop();
    for (const int socket : accepted_) close(socket);
    for (const int socket : clients_) close(socket);
  }

  void Start(uint32_t connections_max, uint64_t strangers_bytes = 1 << 30) {
    const absl::Status listens = acceptor_.Listen("127.0.0.1:0");
    ASSERT_TRUE(listens.ok()) << listens;
    acceptor_.Start({.connections = connections_max, .strangers_bytes = strangers_bytes},
                    {.accepted =
                         [this](int socket) {
                           const std::lock_guard lock(mutex_);
                           accepted_.push_back(socket);
                           changed_.notify_all();
                         },
                     .refused =
                         [this] {
                           const std::lock_guard lock(mutex_);
                           ++refused_;
                           changed_.notify_all();
                         }});
  }
  // What is accepted from there on is known.
  static std::string NameOf(int client) {
    sockaddr_storage name{};
    socklen_t size = sizeof(name);
    getsockname(client, reinterpret_cast<sockaddr*>(&name), &size);
    return FormatPeer(name);
  }
  // Its other side has been closed.
  static bool Closed(int client) {
    const timeval limit{30, 0};
    setsockopt(client, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    char byte;
    const ssize_t got = recv(client, &byte, 1, 0);
    return got == 0 || (got < 0 && errno == ECONNRESET);
  }
  // The kernel completes a connection before anybody accepts it.
  int Connect() {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(acceptor_.port()));
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    EXPECT_EQ(connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
    clients_.push_back(socket);
    return socket;
  }
  template <typename Condition>
  bool Wait(Condition condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(30), condition);
  }

  Connections connections_;
  Acceptor acceptor_{connections_};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<int> accepted_;
  int refused_ = 0;
  std::vector<int> clients_;
};

TEST_F(AcceptorTest, RefusesWhatIsPastTheBoundUntilOneOfThemHasBeenClosed) {
  Start(2);
  for (int i = 0; i < 2; ++i) Connect();
  ASSERT_TRUE(Wait([this] { return accepted_.size() == 2; }));
  for (const int client : clients_) connections_.Allow(NameOf(client));
  Connect();
  ASSERT_TRUE(Wait([this] { return accepted_.size() == 2 && refused_ == 1; }));
  char byte;
  EXPECT_EQ(recv(clients_.back(), &byte, 1, 0), 0);
  {
    const std::lock_guard lock(mutex_);
    close(accepted_.back());
    accepted_.pop_back();
  }
  // It counts again after a while, not at each one that is refused.
  for (int done = 3; accepted_.size() < 2; ++done) {
    Connect();
    ASSERT_TRUE(Wait([this, done] { return accepted_.size() == 2 || refused_ >= done - 1; }));
  }
}

TEST_F(AcceptorTest, LetsTheStrangerThatCameFirstMakeRoom) {
  Start(3);
  for (int i = 0; i < 3; ++i) Connect();
  ASSERT_TRUE(Wait([this] { return accepted_.size() == 3; }));
  connections_.Allow(NameOf(clients_[0]));
  Connect();
  ASSERT_TRUE(Wait([this] { return accepted_.size() == 4 && refused_ == 1; }));
  EXPECT_TRUE(Closed(clients_[1]));
  EXPECT_EQ(send(clients_[0], "x", 1, MSG_NOSIGNAL), 1);
  char byte = 0;
  EXPECT_EQ(recv(accepted_[0], &byte, 1, 0), 1);
}

TEST_F(AcceptorTest, ClosesTheStrangerThatHasSentMostWhereTheyHaveSentTooMuch) {
  Start(10, 100'000);
  for (int i = 0; i < 3; ++i) Connect();
  ASSERT_TRUE(Wait([this] { return accepted_.size() == 3; }));
  connections_.Allow(NameOf(clients_[0]));
  const std::string much(60'000, 'x');
  for (const int client : {clients_[0], clients_[0], clients_[1]}) {
    EXPECT_EQ(send(client, much.data(), much.size(), MSG_NOSIGNAL), 60'000);
  }
  EXPECT_EQ(send(clients_[2], much.data(), 50'000, MSG_NOSIGNAL), 50'000);
  ASSERT_TRUE(Wait([this] { return refused_ == 1; }));
  EXPECT_TRUE(Closed(clients_[1]));
  EXPECT_EQ(connections_.known(), 2u);
}

TEST_F(AcceptorTest, GoesOnOnceThereAreOpenFilesAgain) {
  Start(100);
  Connect();
  ASSERT_TRUE(Wait([this] { return accepted_.size() == 1; }));
  const int waiting = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit limit{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlimit none{0, limit.rlim_max};
  testing::internal::CaptureStderr();
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(acceptor_.port()));
  inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
  EXPECT_EQ(connect(waiting, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  clients_.push_back(waiting);
  // (Long enough for it to have tried in vain.)
  {
    std::unique_lock lock(mutex_);
    EXPECT_FALSE(changed_.wait_for(lock, std::chrono::milliseconds(150),
                                   [this] { return accepted_.size() > 1; }));
  }
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  EXPECT_TRUE(Wait([this] { return accepted_.size() == 2; }));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("cannot accept a connection"));
}

TEST_F(AcceptorTest, SaysWhyItCannotListen) {
  Start(1);
  Acceptor second(connections_);
  const absl::Status taken = second.Listen("127.0.0.1:" + std::to_string(acceptor_.port()));
  EXPECT_EQ(taken.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(taken.message()), HasSubstr("another process"));
  Acceptor third(connections_);
  EXPECT_THAT(std::string(third.Listen("somewhere:1").message()), HasSubstr("not an IP address"));
}

TEST_F(AcceptorTest, ListensOnBothFamiliesWhereItIsToldAllAddresses) {
  ASSERT_TRUE(acceptor_.Listen("[::]:0").ok());
  acceptor_.Start({.connections = 10, .strangers_bytes = 1000},
                  {.accepted =
                       [this](int socket) {
                         const std::lock_guard lock(mutex_);
                         accepted_.push_back(socket);
                         changed_.notify_all();
                       },
                   .refused = [] {}});
  Connect();
  EXPECT_TRUE(Wait([this] { return accepted_.size() == 1; }));
}

}  // namespace
}  // namespace sluice
