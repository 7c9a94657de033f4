#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

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

TEST_F(RpcServerTest, HasNoReflectionWhenItIsOff) {
  options_.reflection = false;
  Start();
  grpc::GenericStub stub(channel_);
  const auto context = Call();
  grpc::CompletionQueue queue;
  auto call = stub.PrepareUnaryCall(context.get(),
                                    "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
                                    grpc::ByteBuffer(), &queue);
  call->StartCall();
  grpc::ByteBuffer response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  void* tag;
  bool ok;
  ASSERT_TRUE(queue.Next(&tag, &ok));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
}

}  // namespace
}  // namespace sluice
