#include "bridge/access/client_channel.h"

#include "bridge/access/grpc_authorizer.h"
#include "gtest/gtest.h"
#include "tests/access/ask.h"
#include "tests/access/authorizer_server.h"

namespace sluice {
namespace {

// Allows everything, at length.
class CompressingAuthorizer final : public v1::Authorizer::CallbackService {
 public:
  explicit CompressingAuthorizer(grpc_compression_algorithm algorithm) : algorithm_(algorithm) {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(this);
    server_ = builder.BuildAndStart();
  }
  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }

  grpc::ServerUnaryReactor* Authorize(grpc::CallbackServerContext* context,
                                      const v1::AuthorizeRequest*,
                                      v1::AuthorizeResponse* response) override {
    context->set_compression_algorithm(algorithm_);
    response->set_decision(v1::DECISION_ALLOW);
    response->set_reason(std::string(10'000, 'x'));
    grpc::ServerUnaryReactor* reactor = context->DefaultReactor();
    reactor->Finish(grpc::Status::OK);
    return reactor;
  }

 private:
  const grpc_compression_algorithm algorithm_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

Decision::Verdict AnswerOf(grpc_compression_algorithm algorithm) {
  const CompressingAuthorizer server(algorithm);
  const auto authorizer =
      MakeGrpcAuthorizer({.address = server.address(), .deadline = absl::Seconds(30)});
  return Ask(*authorizer).verdict;
}

// A small one could become a large one.
TEST(ClientChannel, TakesNoCompressedAnswer) {
  EXPECT_EQ(AnswerOf(GRPC_COMPRESS_NONE), Decision::Verdict::kAllow);
  EXPECT_EQ(AnswerOf(GRPC_COMPRESS_GZIP), Decision::Verdict::kError);
  EXPECT_EQ(AnswerOf(GRPC_COMPRESS_DEFLATE), Decision::Verdict::kError);
}

}  // namespace
}  // namespace sluice
