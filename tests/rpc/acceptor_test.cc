#include "bridge/rpc/acceptor.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

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

  void Start(uint32_t connections_max) {
    const absl::Status listens = acceptor_.Listen("127.0.0.1:0");
    ASSERT_TRUE(listens.ok()) << listens;
    acceptor_.Start(connections_max, {.accepted =
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

  Acceptor acceptor_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<int> accepted_;
  int refused_ = 0;
  std::vector<int> clients_;
};

TEST_F(AcceptorTest, RefusesWhatIsPastTheBoundUntilOneOfThemHasBeenClosed) {
  Start(2);
  for (int i = 0; i < 3; ++i) Connect();
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
  Acceptor second;
  const absl::Status taken = second.Listen("127.0.0.1:" + std::to_string(acceptor_.port()));
  EXPECT_EQ(taken.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(taken.message()), HasSubstr("another process"));
  Acceptor third;
  EXPECT_THAT(std::string(third.Listen("somewhere:1").message()), HasSubstr("not an IP address"));
}

TEST_F(AcceptorTest, ListensOnBothFamiliesWhereItIsToldAllAddresses) {
  ASSERT_TRUE(acceptor_.Listen("[::]:0").ok());
  acceptor_.Start(10, {.accepted =
                           [this](int socket) {
                             const std::lock_guard lock(mutex_);
                             accepted_.push_back(socket);
                             changed_.notify_all();
                           },
                       .refused = [] {}});
  Connect();
  EXPECT_TRUE(Wait([this] { return accepted_.size() == 1; }));
}

// The number of a closed descriptor is given to the next that is opened.
TEST(OpenSockets, AreKnownByWhatTheyAreNotByTheirNumber) {
  OpenSockets open;
  const int first = socket(AF_INET, SOCK_STREAM, 0);
  const int second = socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_TRUE(open.Add(first));
  EXPECT_TRUE(open.Add(second));
  open.Recount();
  EXPECT_EQ(open.known(), 2u);
  close(first);
  const int reused = socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(reused, first);
  open.Recount();
  EXPECT_EQ(open.known(), 1u);
  EXPECT_TRUE(open.Add(reused));
  EXPECT_EQ(open.known(), 2u);
  close(second);
  close(reused);
  open.Recount();
  EXPECT_EQ(open.known(), 0u);
  EXPECT_FALSE(open.Add(second));
}

}  // namespace
}  // namespace sluice
