#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

// Says what the test wants it to, and nothing else.
class RawConnection {
 public:
  explicit RawConnection(const std::string& address) : socket_(socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    EXPECT_EQ(connect(socket_, reinterpret_cast<sockaddr*>(&to), sizeof(to)), 0);
  }
  ~RawConnection() { close(socket_); }

  void Send(const std::string& bytes) const {
    EXPECT_EQ(send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(bytes.size()));
  }
  // Reads to the end; false: it has not come within a minute.
  bool Closed() const {
    const timeval limit{60, 0};
    setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    char bytes[1024];
    ssize_t got = 1;
    while (got > 0) got = recv(socket_, bytes, sizeof(bytes), 0);
    return got == 0 || errno == ECONNRESET;
  }

 private:
  const int socket_;
};

class RpcServerTest : public RpcFixture {};

TEST_F(RpcServerTest, SaysWhichPortItGot) {
  Start();
  EXPECT_THAT(server_->address(), testing::MatchesRegex("127\\.0\\.0\\.1:[1-9][0-9]*"));
}

TEST_F(RpcServerTest, FailsOnAnAddressThatIsTaken) {
  Start();
  RpcOptions options = options_;
  options.listen = server_->address();
  RpcServer second(options, Context());
  const absl::Status status = second.Start();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(status.message()), testing::HasSubstr(options.listen));
}

TEST_F(RpcServerTest, CancelsWhatIsLeftAtTheDeadline) {
  Start();
  authorizer_.Hold(true);
  const auto context = Call();
  v1::SubscribeRequest request;
  request.add_topics("a");
  auto stream = subscriber_->Subscribe(context.get(), request);
  authorizer_.WaitForQuestion();
  server_->Shutdown(absl::InfinitePast());
  EXPECT_FALSE(stream->Finish().ok());
  authorizer_.Hold(false);
}

TEST_F(RpcServerTest, ServesNeitherReflectionNorAdminWhereTheyAreOff) {
  options_.reflection = false;
  options_.admin = false;
  Start();
  for (const char* method : {"/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                             "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                             "/sluice.v1.Admin/GetStats", "/sluice.v1.Admin/Disconnect"}) {
    grpc::GenericStub stub(channel_);
    const auto context = Call();
    grpc::CompletionQueue queue;
    auto call = stub.PrepareUnaryCall(context.get(), method, grpc::ByteBuffer(), &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag;
    bool ok;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED) << method;
  }
  const auto context = Call("");
  grpc::health::v1::HealthCheckRequest health;
  grpc::health::v1::HealthCheckResponse answer;
  const auto stub = grpc::health::v1::Health::NewStub(channel_);
  EXPECT_TRUE(stub->Check(context.get(), health, &answer).ok());
}

// No preface, half of one, a preface without settings.
TEST_F(RpcServerTest, ClosesConnectionsThatNeverBecomeAny) {
  options_.handshake_timeout = absl::Milliseconds(300);
  Start();
  for (const std::string sent : {"", "PRI * HT", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"}) {
    RawConnection half(server_->address());
    half.Send(sent);
    EXPECT_TRUE(half.Closed()) << sent;
  }
  EXPECT_NE(PublishText("a", "x"), "");
}

TEST_F(RpcServerTest, RefusesConnectionsPastTheBoundAndTakesThemAgainLater) {
  options_.connections_max = 3;
  options_.handshake_timeout = absl::Milliseconds(300);
  Start();
  std::vector<std::unique_ptr<RawConnection>> flood;
  for (int i = 0; i < 20; ++i) flood.push_back(std::make_unique<RawConnection>(server_->address()));
  WaitUntil(
      [this] { return metrics_.refusals[static_cast<size_t>(Reason::kTooManySessions)] == 17; });
  WaitUntil([this] {
    v1::PublishResponse response;
    return v1::Publisher::NewStub(NewChannel())
        ->Publish(Call().get(), Text("a", "x"), &response)
        .ok();
  });
}

TEST_F(RpcServerTest, RefusesMetadataPastItsBound) {
  Start();
  const auto context = Call();
  context->AddMetadata("x-large", std::string(20'000, 'x'));
  v1::PublishResponse response;
  EXPECT_EQ(publisher_->Publish(context.get(), Text("a", "x"), &response).error_code(),
            grpc::StatusCode::RESOURCE_EXHAUSTED);
  // (That connection may have been closed.)
  v1::PublishResponse other;
  const auto stub = v1::Publisher::NewStub(NewChannel());
  EXPECT_TRUE(stub->Publish(Call().get(), Text("a", "x"), &other).ok());
}

}  // namespace
}  // namespace sluice
