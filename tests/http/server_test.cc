// Listening: addresses, shards, and a second process on the same port.
#include "tests/http/http_fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class ServerTest : public HttpFixture {
 protected:
  absl::Status ListenToo(std::string address) {
    HttpOptions options;
    options.listen = std::move(address);
    HttpContext context;
    context.hub = hub_.get();
    context.clock = &Clock::System();
    return HttpServer(options, context).Listen();
  }
};

TEST_F(ServerTest, SaysWhichPortItFound) {
  Start();
  EXPECT_THAT(server_->address(), MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
  EXPECT_EQ(server_->ops_address(), "");
}

TEST_F(ServerTest, ServesOnEveryShard) {
  Start(2);
  // Which shard gets a connection is the kernel's choice.
  std::vector<RawClient> clients;
  while (hub_->shard(0).subscribers() == 0 || hub_->shard(1).subscribers() == 0) {
    ASSERT_LT(clients.size(), 200u);
    clients.push_back(OpenStream("/open/1"));
  }
  Publish(MakeEvent("open/1", "one"));
  for (RawClient& client : clients) EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("data: one\n"));
}

TEST_F(ServerTest, RefusesAPortThatIsTaken) {
  Start(2);
  const absl::Status status = ListenToo(server_->address());
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()), HasSubstr(server_->address()));
  EXPECT_THAT(std::string(status.message()), HasSubstr("another process"));
}

TEST_F(ServerTest, RefusesWhatIsNoAddress) {
  Start();
  for (const char* address : {"", "8080", ":8080", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x",
                              "127.0.0.1:65536", "127.0.0.1:-1", "256.0.0.1:80"}) {
    EXPECT_FALSE(ListenToo(address).ok()) << address;
  }
}

TEST_F(ServerTest, EndsInEitherOrder) {
  Start(2);
  RawClient stream = OpenStream("/open/1");
  RawClient idle = Connect();
  EXPECT_EQ(idle.Get("/health").ReadResponse().status, 200);
  // The hub first: what still runs is let go with its shards.
  hub_->Stop();
  server_.reset();
  hub_.reset();
}

}  // namespace
}  // namespace sluice
