#include <future>

#include "grpc/reflection/v1/reflection.grpc.pb.h"
#include "grpc/reflection/v1alpha/reflection.grpc.pb.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

using grpc::StatusCode;
using testing::SizeIs;

struct V1 {
  using Service = grpc::reflection::v1::ServerReflection;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = grpc::reflection::v1alpha::ServerReflection;
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};

template <typename Version>
class ReflectionAccessTest : public RpcFixture {
 protected:
  using Stream = grpc::ClientReaderWriter<typename Version::Request, typename Version::Response>;

  ReflectionAccessTest() {
    reflection_authorizer_ = &authorizer_;
    Decision& denied = authorizer_.On("guest");
    denied.verdict = Decision::Verdict::kForbidden;
    authorizer_.On("broken").verdict = Decision::Verdict::kError;
  }

  void Open(const char* authorization) {
    context_ = Call(authorization);
    stream_ = Version::Service::NewStub(channel_)->ServerReflectionInfo(context_.get());
  }
  bool Ask() {
    typename Version::Request request;
    request.set_list_services("*");
    typename Version::Response response;
    return stream_->Write(request) && stream_->Read(&response) &&
           response.has_list_services_response();
  }
  // Returns when the authorizer has the question, whose answer it holds.
  void AskWithoutAnswer(const char* authorization) {
    authorizer_.Hold(true);
    Open(authorization);
    typename Version::Request request;
    request.set_list_services("*");
    EXPECT_TRUE(stream_->Write(request));
    authorizer_.WaitForQuestion();
  }
  // Returns when that answer was given.
  void AnswerHeld() {
    // (It answers one question after the other.)
    const auto answered = std::make_shared<std::promise<void>>();
    authorizer_.Authorize({}, [answered](const Decision&) { answered->set_value(); });
    authorizer_.Hold(false);
    answered->get_future().wait();
  }
  StatusCode Refusal(const char* authorization) {
    Open(authorization);
    EXPECT_FALSE(Ask());
    return stream_->Finish().error_code();
  }

  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<Stream> stream_;
};

using Versions = testing::Types<V1, V1Alpha>;
TYPED_TEST_SUITE(ReflectionAccessTest, Versions);

TYPED_TEST(ReflectionAccessTest, IsGuardedWhereAnAuthorizerIsNamed) {
  this->Start();
  EXPECT_EQ(this->Refusal(""), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(this->Refusal("Bearer guest"), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(this->Refusal("Bearer broken"), StatusCode::UNAVAILABLE);
  const AuthorizationRequest question = this->authorizer_.questions().front();
  EXPECT_EQ(question.action, Action::kReflect);
  EXPECT_THAT(question.topics, SizeIs(0));
  EXPECT_EQ(this->metrics_.refusals[static_cast<size_t>(Reason::kForbidden)], 1u);
}

TYPED_TEST(ReflectionAccessTest, AsksAgainWhenTheAnswerHasExpired) {
  this->authorizer_.On("good").expires_at = this->clock_.Now() + absl::Minutes(1);
  this->Start();
  this->Open("Bearer good");
  EXPECT_TRUE(this->Ask());
  EXPECT_TRUE(this->Ask());
  EXPECT_THAT(this->authorizer_.questions(), SizeIs(1));
  this->clock_.Advance(absl::Minutes(1));
  this->Ask();
  EXPECT_THAT(this->authorizer_.questions(), SizeIs(2));
  this->stream_->WritesDone();
  EXPECT_TRUE(this->stream_->Finish().ok());
}

TYPED_TEST(ReflectionAccessTest, AsksAgainWhenTheAnswerIsOldOrTakenBack) {
  this->Start();
  this->Open("Bearer good");
  EXPECT_TRUE(this->Ask());
  this->clock_.Advance(absl::Minutes(5));
  EXPECT_TRUE(this->Ask());
  EXPECT_THAT(this->authorizer_.questions(), SizeIs(2));
  this->disconnects_->Disconnect({.subject = "bob"}, DisconnectedBy::kOperator, [](uint64_t) {});
  EXPECT_TRUE(this->Ask());
  EXPECT_THAT(this->authorizer_.questions(), SizeIs(2));
  this->disconnects_->Disconnect({.subject = "ada"}, DisconnectedBy::kOperator, [](uint64_t) {});
  EXPECT_TRUE(this->Ask());
  EXPECT_THAT(this->authorizer_.questions(), SizeIs(3));
  this->stream_->WritesDone();
  EXPECT_TRUE(this->stream_->Finish().ok());
}

TYPED_TEST(ReflectionAccessTest, IsRefusedForNowWhenItIsTakenBackWhileItIsAskedAbout) {
  this->Start();
  this->authorizer_.Hold(true);
  this->Open("Bearer good");
  typename TypeParam::Request request;
  request.set_list_services("*");
  this->stream_->Write(request);
  this->authorizer_.WaitForQuestion();
  this->disconnects_->Disconnect({.subject = "ada"}, DisconnectedBy::kOperator, [](uint64_t) {});
  this->authorizer_.Hold(false);
  EXPECT_EQ(this->stream_->Finish().error_code(), StatusCode::UNAVAILABLE);
}

TYPED_TEST(ReflectionAccessTest, IsOpenToAllWhereNobodyIsNamed) {
  this->reflection_authorizer_ = nullptr;
  this->Start();
  this->Open("");
  EXPECT_TRUE(this->Ask());
  this->stream_->WritesDone();
  EXPECT_TRUE(this->stream_->Finish().ok());
  EXPECT_THAT(this->authorizer_.questions(), SizeIs(0));
}

// A debugger that is left open does not make everybody wait for the end of the drain.
TYPED_TEST(ReflectionAccessTest, EndsItsCallsWhenTheServerDrains) {
  this->Start();
  this->Open("Bearer good");
  EXPECT_TRUE(this->Ask());
  const absl::Time began = absl::Now();
  this->server_->Shutdown(began + absl::Minutes(1));
  EXPECT_LT(absl::Now() - began, absl::Seconds(30));
  EXPECT_EQ(this->stream_->Finish().error_code(), StatusCode::UNAVAILABLE);
}

TYPED_TEST(ReflectionAccessTest, EndsACallWhoseAnswerIsStillOpenWhenTheServerDrains) {
  this->Start();
  this->AskWithoutAnswer("Bearer good");
  this->server_->Shutdown(absl::Now() + absl::Minutes(1));
  EXPECT_EQ(this->stream_->Finish().error_code(), StatusCode::UNAVAILABLE);
  this->AnswerHeld();
}

// (What it would touch then is freed memory, which the sanitizers see.)
TYPED_TEST(ReflectionAccessTest, NeedsNothingOfItsServerWhenItIsAllowedAfterTheEnd) {
  this->Start();
  this->AskWithoutAnswer("Bearer good");
  this->Stop();
  EXPECT_EQ(this->stream_->Finish().error_code(), StatusCode::UNAVAILABLE);
  this->AnswerHeld();
}

TYPED_TEST(ReflectionAccessTest, NeedsNothingOfItsServerWhenItIsRefusedAfterTheEnd) {
  this->Start();
  this->AskWithoutAnswer("Bearer guest");
  this->Stop();
  EXPECT_EQ(this->stream_->Finish().error_code(), StatusCode::UNAVAILABLE);
  this->AnswerHeld();
  EXPECT_EQ(this->metrics_.refusals[static_cast<size_t>(Reason::kForbidden)], 0u);
}

TYPED_TEST(ReflectionAccessTest, IsNotAnsweredOnceItsCallerHasLeft) {
  this->Start();
  this->AskWithoutAnswer("Bearer guest");
  this->context_->TryCancel();
  EXPECT_EQ(this->stream_->Finish().error_code(), StatusCode::CANCELLED);
  this->server_->Shutdown(absl::Now() + absl::Minutes(1));  // the call is over by then
  this->AnswerHeld();
  EXPECT_EQ(this->metrics_.refusals[static_cast<size_t>(Reason::kForbidden)], 0u);
}

}  // namespace
}  // namespace sluice
