// Connections to servers that refuse them, and what is said on those that are there.
#include "bridge/nats/nats_connection.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "tests/fakes/fake_nats.h"

namespace sluice {
namespace {

bool Eventually(const std::function<bool()>& is_so) {
  const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > late) return false;
    std::this_thread::yield();
  }
  return true;
}

class Connections : public testing::Test {
 protected:
  std::unique_ptr<NatsConnection> Open() {
    NatsOptions options;
    options.servers = {server_.address()};
    options.backoff_min = absl::Milliseconds(1);
    options.backoff_max = absl::Milliseconds(2);
    NatsConnection::Callbacks callbacks;
    callbacks.message = [this](const NatsMessage& message) {
      if (message.data() == "hello") heard_ = true;
    };
    callbacks.connected = [] {};
    callbacks.disconnected = [] {};
    callbacks.closed = [this](const std::string&) { ++closed_; };
    return NatsConnection::Open(options, {"a.*", "b.>"}, std::move(callbacks)).value();
  }

  FakeNats server_;
  std::atomic<bool> heard_{false};
  std::atomic<int> closed_{0};
};

TEST_F(Connections, HearTheirSubjects) {
  server_.Follow([](const FakeNats::Message& message) { return message.body; });
  const std::unique_ptr<NatsConnection> connection = Open();
  ASSERT_TRUE(connection->IsConnected());
  EXPECT_FALSE(connection->IsClosed());
  ASSERT_TRUE(connection->Publish("echo", "a.1", {{"Name", "value"}}, "hello").ok());
  EXPECT_TRUE(Eventually([&] { return heard_.load(); }));
}

// Whenever libnats gives up: while it is opened, or after that.
TEST_F(Connections, ThatAreRefusedCloseAndGoAway) {
  server_.RefuseEverybody();
  for (int i = 1; i <= 30; ++i) {
    const std::unique_ptr<NatsConnection> connection = Open();
    if (i % 2 == 0) continue;  // gone before, or after
    EXPECT_TRUE(Eventually([&] { return connection->IsClosed(); }));
    EXPECT_FALSE(connection->IsConnected());
    const auto begun = std::chrono::steady_clock::now();
    EXPECT_FALSE(connection->Publish("x", "", {}, "y").ok());
    EXPECT_LT(std::chrono::steady_clock::now() - begun, std::chrono::seconds(1));
  }
  EXPECT_EQ(closed_, 30);
}

}  // namespace
}  // namespace sluice
