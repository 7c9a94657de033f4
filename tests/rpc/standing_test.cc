// Subscribe calls and publishers whose access is asked about again, or taken back.
#include "bridge/hub/disconnecting.h"
#include "tests/fakes/events.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;

class StandingCallTest : public RpcFixture {
 protected:
  StandingCallTest() { options_.authorize_publishing = true; }
  ~StandingCallTest() override {
    if (context_ != nullptr) context_->TryCancel();
  }

  void Join() {
    v1::SubscribeRequest request;
    request.add_topics("a/1");
    context_ = Call();
    stream_ = subscriber_->Subscribe(context_.get(), request);
    stream_->WaitForInitialMetadata();
  }
  grpc::Status End() {
    v1::SubscribeResponse response;
    EXPECT_FALSE(stream_->Read(&response)) << response.ShortDebugString();
    return stream_->Finish();
  }
  // All calls ask; what they are answered is set by `change`.
  template <typename Change>
  void AskAgain(Change change) {
    const size_t before = authorizer_.questions().size();
    authorizer_.Hold(true);
    hub_->Doubt(absl::ZeroDuration());
    WaitUntil([&] { return authorizer_.questions().size() > before; });
    change(authorizer_.On("good"));
    authorizer_.Hold(false);
    WaitUntil([&] { return authorizer_.idle(); });
  }
  grpc::Status Disconnect(const v1::DisconnectRequest& request, uint64_t* ended = nullptr) {
    v1::DisconnectResponse response;
    const grpc::Status status = admin_->Disconnect(Call().get(), request, &response);
    if (ended != nullptr) *ended = response.disconnected();
    return status;
  }
  grpc::Status PublishToA() {
    v1::PublishResponse response;
    return Publish(Text("a/1", "x"), &response);
  }

  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> stream_;
};

TEST_F(StandingCallTest, ACallThatIsRefusedAnewEnds) {
  Start();
  Join();
  AskAgain([](Decision& decision) {
    decision.verdict = Decision::Verdict::kForbidden;
    decision.reason = "you have left";
  });
  const grpc::Status status = End();
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), HasSubstr("you have left"));
}

TEST_F(StandingCallTest, ACallIsNarrowed) {
  Start();
  Join();
  AskAgain([](Decision& decision) { decision.attributes = {{"tenant", "blue"}}; });
  AskAgain([](Decision&) {});  // (when this is asked, the answer before it was taken)
  AppendOne(*log_, MakeEvent("a/1", "no tenant"));
  AppendOne(*log_, With(MakeEvent("a/1", "right"), "tenant", "blue"));
  v1::SubscribeResponse response;
  ASSERT_TRUE(stream_->Read(&response));
  EXPECT_EQ(response.data(), "right");
}

TEST_F(StandingCallTest, ACallGoesOnForTheGraceTimeWhileNoAnswerComes) {
  Start();
  Join();
  AskAgain([](Decision& decision) { decision.verdict = Decision::Verdict::kError; });
  clock_.Advance(absl::Minutes(5) + absl::Seconds(50));
  AppendOne(*log_, MakeEvent("a/1", "in the grace time"));
  v1::SubscribeResponse response;
  ASSERT_TRUE(stream_->Read(&response));
  clock_.Advance(absl::Seconds(10));
  EXPECT_EQ(End().error_code(), StatusCode::UNAUTHENTICATED);
}

TEST_F(StandingCallTest, DisconnectEndsByWhatItNames) {
  Start();
  const auto set = [](auto setter) {
    v1::DisconnectRequest request;
    setter(request);
    return request;
  };
  for (const v1::DisconnectRequest& request :
       {set([](v1::DisconnectRequest& r) { r.set_subject("ada"); }),
        set([](v1::DisconnectRequest& r) { r.set_topic("a/1"); }),
        set([](v1::DisconnectRequest& r) { r.set_topic_pattern("a/*"); })}) {
    Join();
    uint64_t ended = 0;
    EXPECT_TRUE(Disconnect(request, &ended).ok());
    EXPECT_EQ(ended, 1u) << request.ShortDebugString();
    EXPECT_EQ(End().error_code(), StatusCode::ABORTED);
  }
  Join();
  v1::ListSubscribersResponse list;
  ASSERT_TRUE(admin_->ListSubscribers(Call().get(), {}, &list).ok());
  v1::DisconnectRequest request;
  request.set_subscriber_id(list.subscribers(0).subscriber_id());
  EXPECT_TRUE(Disconnect(request).ok());
  EXPECT_EQ(End().error_code(), StatusCode::ABORTED);
  EXPECT_EQ(authorizer_.questions().back().action, Action::kAdminister);
}

TEST_F(StandingCallTest, DisconnectSaysWhatIsWrongWithARequest) {
  Start();
  v1::DisconnectRequest request;
  request.set_reason("no more");
  grpc::Status status = Disconnect(request);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("topic_pattern"));
  request.set_topic_pattern("a/**/b");
  status = Disconnect(request);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), testing::StartsWith("topic_pattern: "));
  request.clear_topic_pattern();
  request.set_topic("a//b");
  EXPECT_THAT(Disconnect(request).error_message(), testing::StartsWith("topic: "));
  request.clear_topic();
  request.set_subject(std::string(1000, 'x'));
  EXPECT_THAT(Disconnect(request).error_message(), testing::StartsWith("subject: "));
}

TEST_F(StandingCallTest, DisconnectIsForThoseWhoMay) {
  authorizer_.On("nobody").verdict = Decision::Verdict::kForbidden;
  Start();
  v1::DisconnectRequest request;
  request.set_subject("ada");
  v1::DisconnectResponse response;
  EXPECT_EQ(admin_->Disconnect(Call("Bearer nobody").get(), request, &response).error_code(),
            StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(admin_->Disconnect(Call("").get(), request, &response).error_code(),
            StatusCode::UNAUTHENTICATED);
}

TEST_F(StandingCallTest, ACallThatWasTakenBackWhileItWasAskedAboutIsRefusedForNow) {
  Start();
  authorizer_.Hold(true);
  v1::SubscribeRequest request;
  request.add_topics("a/1");
  context_ = Call();
  stream_ = subscriber_->Subscribe(context_.get(), request);
  authorizer_.WaitForQuestion();
  disconnects_->Disconnect({.subject = "ada"}, DisconnectedBy::kAuthorizer, [](uint64_t) {});
  authorizer_.Hold(false);
  EXPECT_EQ(End().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(StandingCallTest, APublisherIsAskedAboutAgainWhenItsAnswerIsOldOrTakenBack) {
  Start();
  auto context = Call();
  auto stream = publisher_->PublishStream(context.get());
  const auto publish = [&] {
    EXPECT_TRUE(stream->Write(StreamText("a/1", "x")));
    v1::PublishStreamResponse response;
    EXPECT_TRUE(stream->Read(&response));
    return static_cast<StatusCode>(response.results(0).status().code());
  };
  EXPECT_EQ(publish(), StatusCode::OK);
  EXPECT_EQ(publish(), StatusCode::OK);
  EXPECT_EQ(authorizer_.questions().size(), 1u);
  clock_.Advance(absl::Minutes(5));
  EXPECT_EQ(publish(), StatusCode::OK);
  EXPECT_EQ(authorizer_.questions().size(), 2u);
  disconnects_->Disconnect({.subject = "bob"}, DisconnectedBy::kOperator, [](uint64_t) {});
  EXPECT_EQ(publish(), StatusCode::OK);
  EXPECT_EQ(authorizer_.questions().size(), 2u);
  disconnects_->Disconnect({.subject = "ada"}, DisconnectedBy::kOperator, [](uint64_t) {});
  EXPECT_EQ(publish(), StatusCode::OK);
  EXPECT_EQ(authorizer_.questions().size(), 3u);
  context->TryCancel();
}

TEST_F(StandingCallTest, APublisherWithoutANameIsAskedAboutAgainWhenAnybodyIsTakenBack) {
  authorizer_.On("good").subject = "";
  Start();
  auto context = Call();
  auto stream = publisher_->PublishStream(context.get());
  const auto publish = [&] {
    EXPECT_TRUE(stream->Write(StreamText("a/1", "x")));
    v1::PublishStreamResponse response;
    EXPECT_TRUE(stream->Read(&response));
    return static_cast<StatusCode>(response.results(0).status().code());
  };
  EXPECT_EQ(publish(), StatusCode::OK);
  disconnects_->Disconnect({.subject = "bob", .topic = "b"}, DisconnectedBy::kOperator,
                           [](uint64_t) {});
  EXPECT_EQ(publish(), StatusCode::OK);
  EXPECT_EQ(authorizer_.questions().size(), 1u);
  disconnects_->Disconnect({.subject = "bob"}, DisconnectedBy::kOperator, [](uint64_t) {});
  EXPECT_EQ(publish(), StatusCode::OK);
  EXPECT_EQ(authorizer_.questions().size(), 2u);
  context->TryCancel();
}

TEST_F(StandingCallTest, WhatWasAllowedBeforeItWasTakenBackPublishesNothing) {
  Start();
  authorizer_.Hold(true);
  grpc::Status status;
  std::thread publishing([&] { status = PublishToA(); });
  authorizer_.WaitForQuestion();
  disconnects_->Disconnect({.topic = "a/1"}, DisconnectedBy::kAuthorizer, [](uint64_t) {});
  authorizer_.Hold(false);
  publishing.join();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_TRUE(PublishToA().ok());
}

}  // namespace
}  // namespace sluice
