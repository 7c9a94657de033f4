#include "bridge/rpc/open_calls.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/rpc/unread_answers.h"

namespace sluice {
namespace {

struct TestCall final : OpenCalls::Call {
  void Drain() override { drained = true; }
  void Cancel() override { cancelled = true; }
  bool drained = false;
  bool cancelled = false;
};

class OpenCallsTest : public testing::Test {
 protected:
  ~OpenCallsTest() override {
    for (const int socket : sockets_) close(socket);
  }
  std::shared_ptr<TestCall> Open(const std::string& peer) {
    calls_.push_back(std::make_shared<TestCall>());
    last_ = open_.Add(calls_.back(), peer);
    return calls_.back();
  }
  void Allow(const std::string& peer) {
    sockets_.push_back(socket(AF_INET, SOCK_STREAM, 0));
    ASSERT_TRUE(connections_.Add(sockets_.back(), peer));
    connections_.Allow(peer);
  }

  Connections connections_;
  OpenCalls open_{connections_, 2, "calls"};
  std::vector<std::shared_ptr<TestCall>> calls_;
  std::vector<int> sockets_;
  absl::Status last_;
};

TEST_F(OpenCallsTest, LetsTheOldestOfAStrangerMakeRoom) {
  const auto first = Open("a:1");
  const auto second = Open("a:2");
  const auto third = Open("a:3");
  EXPECT_TRUE(last_.ok());
  EXPECT_TRUE(first->cancelled);
  EXPECT_FALSE(second->cancelled);
  open_.Remove(first.get());  // (It ends later.)
  open_.Remove(second.get());
  Open("a:4");
  EXPECT_FALSE(third->cancelled);
}

TEST_F(OpenCallsTest, KeepsThoseToWhomSomethingWasAllowed) {
  const auto first = Open("a:1");
  const auto second = Open("a:2");
  Allow("a:1");
  Open("a:3");
  EXPECT_FALSE(first->cancelled);
  EXPECT_TRUE(second->cancelled);
  Allow("a:3");
  Open("a:4");
  EXPECT_EQ(last_.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(last_.message(), "too many calls are open");
  EXPECT_FALSE(first->cancelled);
  open_.Remove(first.get());
  Open("a:5");
  EXPECT_TRUE(last_.ok());
}

TEST_F(OpenCallsTest, AreDrainedAndTakesNoMore) {
  const auto first = Open("a:1");
  open_.Drain();
  EXPECT_TRUE(first->drained);
  Open("a:2");
  EXPECT_EQ(last_.code(), absl::StatusCode::kUnavailable);
}

TEST(UnreadAnswers, CancelTheOldestWhereTheyAreTooManyBytes) {
  UnreadAnswers unread(1'000'000);
  const auto first = std::make_shared<TestCall>();
  const auto second = std::make_shared<TestCall>();
  std::vector<std::shared_ptr<OpenCalls::Call>> cancelled;
  unread.End(unread.Begin(first, 800'000, &cancelled));
  unread.Begin(first, 800'000, &cancelled);
  EXPECT_TRUE(cancelled.empty());
  const uint64_t last = unread.Begin(second, 800'000, &cancelled);
  ASSERT_EQ(cancelled.size(), 1u);
  EXPECT_EQ(cancelled[0], first);
  unread.End(last);
  // One may always answer.
  cancelled.clear();
  unread.Begin(second, 5'000'000, &cancelled);
  EXPECT_TRUE(cancelled.empty());
}

}  // namespace
}  // namespace sluice
