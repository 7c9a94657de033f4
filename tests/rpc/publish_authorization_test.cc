#include "bridge/access/grpc_authorizer.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

using grpc::StatusCode;
using testing::ElementsAre;
using testing::HasSubstr;

class PublishAuthorizationTest : public RpcFixture {
 protected:
  PublishAuthorizationTest() {
    options_.authorize_publishing = true;
    Decision& denied = authorizer_.On("reader");
    denied.verdict = Decision::Verdict::kForbidden;
    denied.denied_topics = {"a"};
    denied.reason = "you may only read";
    Decision& broken = authorizer_.On("broken");
    broken.verdict = Decision::Verdict::kError;
    broken.reason = "10.0.0.7 refused the connection";
  }

  grpc::Status PublishAs(const char* authorization) {
    v1::PublishResponse response;
    return Publish(Text("a", "x"), &response, authorization);
  }
  size_t questions() { return authorizer_.questions().size(); }
};

TEST_F(PublishAuthorizationTest, AsksWithTopicsAndCredential) {
  Start();
  authorizer_.wanted.headers = {"x-tenant"};
  authorizer_.wanted.peer_address = true;
  auto context = Call("bearer good");
  context->AddMetadata("x-tenant", "acme");
  v1::PublishRequest request = Texts<v1::PublishRequest>("b", {"1", "2"});
  *request.add_events() = Text("a", "3").events(0);
  v1::PublishResponse response;
  ASSERT_TRUE(publisher_->Publish(context.get(), request, &response).ok());
  const AuthorizationRequest question = authorizer_.questions().front();
  EXPECT_EQ(question.action, Action::kPublish);
  EXPECT_THAT(question.topics, ElementsAre("a", "b"));
  EXPECT_EQ(question.credential, "good");
  EXPECT_THAT(question.headers, ElementsAre(testing::Pair("x-tenant", "acme")));
  EXPECT_THAT(question.peer_address, testing::StartsWith("127.0.0.1:"));
}

// To leave one out would be to decide about it.
TEST_F(PublishAuthorizationTest, PutsNoAmbiguousMetadataToTheAuthorizer) {
  Start();
  authorizer_.wanted.headers = {"x-tenant"};
  for (const char* name : {"authorization", "x-tenant"}) {
    auto context = Call("Bearer good");
    context->AddMetadata("x-tenant", "acme");
    context->AddMetadata(name, "other");
    v1::PublishResponse response;
    const grpc::Status status = publisher_->Publish(context.get(), Text("a", "x"), &response);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_THAT(status.error_message(), HasSubstr(name));
  }
  EXPECT_EQ(questions(), 0u);
}

TEST_F(PublishAuthorizationTest, NamesAFewOfManyDeniedTopics) {
  Start();
  Decision& denied = authorizer_.On("reader");
  denied.verdict = Decision::Verdict::kForbidden;
  for (int i = 0; i < 1000; ++i) denied.denied_topics.push_back(std::string(200, 'x'));
  const grpc::Status status = PublishAs("Bearer reader");
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_LT(status.error_message().size(), 1025u);
}

TEST_F(PublishAuthorizationTest, RefusesAsTheAuthorizerDoes) {
  Start();
  EXPECT_TRUE(PublishAs("Bearer good").ok());
  EXPECT_TRUE(PublishAs("good").ok());
  EXPECT_EQ(PublishAs("").error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(PublishAs("Bearer other").error_code(), StatusCode::UNAUTHENTICATED);
  const grpc::Status denied = PublishAs("Bearer reader");
  EXPECT_EQ(denied.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(denied.error_message(), "events[0]: not allowed to you: a: you may only read");
  const grpc::Status away = PublishAs("Bearer broken");
  EXPECT_EQ(away.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_THAT(away.error_message(), testing::Not(HasSubstr("10.0.0.7")));
  EXPECT_EQ(log_->head(0), 2u);
}

TEST_F(PublishAuthorizationTest, AsksNobodyWhenItIsOff) {
  options_.authorize_publishing = false;
  Start();
  EXPECT_TRUE(PublishAs("").ok());
  EXPECT_EQ(questions(), 0u);
}

TEST_F(PublishAuthorizationTest, ImposesTypesAndAttributes) {
  Decision& limited = authorizer_.On("good");
  limited.event_types = {"token"};
  limited.attributes = {{"tenant", "acme"}};
  Start();
  v1::PublishRequest request = Text("a", "x");
  v1::PublishResponse response;
  request.mutable_events(0)->set_type("token");
  EXPECT_EQ(Publish(request, &response).error_code(), StatusCode::PERMISSION_DENIED);
  (*request.mutable_events(0)->mutable_attributes())["tenant"] = "acme";
  EXPECT_TRUE(Publish(request, &response).ok());
  request.mutable_events(0)->set_type("other");
  const grpc::Status status = Publish(request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(status.error_message(), HasSubstr("events[0]"));
}

TEST_F(PublishAuthorizationTest, TellsPublishersIdsApartBySubject) {
  authorizer_.On("bob").subject = "bob";
  Start();
  v1::PublishRequest request = Text("a", "x");
  request.mutable_events(0)->set_id("1");
  v1::PublishResponse response;
  EXPECT_TRUE(Publish(request, &response).ok());
  request.mutable_events(0)->set_text("y");
  EXPECT_TRUE(Publish(request, &response, "Bearer bob").ok());
}

// One whose topics are decided one by one, as those of patterns are.
class TopicsAuthorizer final : public Authorizer {
 public:
  void Authorize(AuthorizationRequest request, Done done) override {
    Decision decision;
    decision.subject = "ada";
    for (const std::string& topic : request.topics) {
      if (!topic.starts_with("mine/")) decision.denied_topics.push_back(topic);
    }
    decision.verdict =
        decision.denied_topics.empty() ? Decision::Verdict::kAllow : Decision::Verdict::kForbidden;
    done(decision);
  }
  const Wants& wants() const override { return wants_; }

 private:
  const Wants wants_;
};

class TopicAuthorizationTest : public PublishAuthorizationTest {
 protected:
  TopicAuthorizationTest() { publish_authorizer_ = &topics_; }

  static void Add(const std::string& topic, v1::PublishRequest* request) {
    *request->add_events() = Text(topic, "x").events(0);
  }

  TopicsAuthorizer topics_;
};

TEST_F(TopicAuthorizationTest, NamesTheEventAndItsTopicAndStoresNothingOfTheRequest) {
  Start();
  v1::PublishRequest request = Text("mine/1", "x");
  v1::PublishResponse response;
  EXPECT_TRUE(Publish(request, &response).ok());
  Add("mine/2", &request);
  Add("yours/1", &request);
  Add("mine/3", &request);
  request.mutable_events(2)->set_transient(true);
  const grpc::Status status = Publish(request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(status.error_message(), "events[2]: not allowed to you: yours/1");
  EXPECT_EQ(log_->head(0), 1u);
}

// It would be put to the authorizer as whatever the subject is.
TEST_F(TopicAuthorizationTest, TakesNoTopicThatMayStandForAnother) {
  Start();
  for (const char* topic : {"", "mine/{subject}", "mine/../yours", "mine//x", "/mine/x", "mine/x/",
                            "mine/\n", "mine/./x"}) {
    v1::PublishResponse response;
    EXPECT_EQ(Publish(Text(topic, "x"), &response).error_code(), StatusCode::INVALID_ARGUMENT)
        << topic;
  }
  for (const char* topic : {"{subject}", "mine", "Mine/x", "*", "**", "mine*/x"}) {
    v1::PublishResponse response;
    EXPECT_FALSE(Publish(Text(topic, "x"), &response).ok()) << topic;
  }
  v1::PublishResponse response;
  EXPECT_FALSE(Publish(v1::PublishRequest(), &response).ok());
  EXPECT_EQ(log_->head(0), 0u);
}

TEST_F(TopicAuthorizationTest, HoldsForAStreamAsForOneRequest) {
  Start();
  const auto context = Call();
  const auto stream = publisher_->PublishStream(context.get());
  std::vector<int> codes;
  for (const char* topic : {"mine/1", "yours/1", "mine/1", "yours/1", "mine/2"}) {
    stream->Write(StreamText(topic, "x"));
    v1::PublishStreamResponse response;
    ASSERT_TRUE(stream->Read(&response));
    codes.push_back(response.results(0).status().code());
  }
  EXPECT_THAT(codes,
              ElementsAre(0, StatusCode::PERMISSION_DENIED, 0, StatusCode::PERMISSION_DENIED, 0));
  EXPECT_EQ(log_->head(0), 3u);
}

// Who may not write makes the bridge do no work, and learns nothing of its types.
TEST_F(PublishAuthorizationTest, LooksAtNoPayloadBeforeTheTopicsAreAllowed) {
  Start();
  v1::PublishRequest request = Text("a", "x");
  request.mutable_events(0)->mutable_message()->set_type_url("type.googleapis.com/acme.Nothing");
  v1::PublishResponse response;
  EXPECT_EQ(Publish(request, &response, "").error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Publish(request, &response, "Bearer reader").error_code(),
            StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Publish(request, &response).error_code(), StatusCode::INVALID_ARGUMENT);
}

TEST_F(PublishAuthorizationTest, TakesNoAnswerThatHasExpired) {
  authorizer_.On("good").expires_at = clock_.Now();
  Start();
  EXPECT_EQ(PublishAs(kGood).error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(log_->head(0), 0u);
}

class StreamAuthorizationTest : public PublishAuthorizationTest {
 protected:
  using Stream = grpc::ClientReaderWriter<v1::PublishStreamRequest, v1::PublishStreamResponse>;

  void Open(const char* authorization) {
    context_ = Call(authorization);
    stream_ = publisher_->PublishStream(context_.get());
  }
  // The answer's code.
  int Send(const std::string& topic) {
    EXPECT_TRUE(stream_->Write(StreamText(topic, "x")));
    v1::PublishStreamResponse response;
    EXPECT_TRUE(stream_->Read(&response));
    EXPECT_EQ(response.results_size(), 1);
    return response.results(0).status().code();
  }

  std::unique_ptr<grpc::ClientContext> context_;
  std::unique_ptr<Stream> stream_;
};

TEST_F(StreamAuthorizationTest, AsksOnceForEachTopicUntilTheAnswerExpires) {
  authorizer_.On("good").expires_at = clock_.Now() + absl::Minutes(1);
  Start();
  Open("Bearer good");
  EXPECT_EQ(Send("a"), 0);
  EXPECT_EQ(Send("a"), 0);
  EXPECT_EQ(questions(), 1u);
  EXPECT_EQ(Send("b"), 0);
  EXPECT_EQ(Send("a"), 0);
  EXPECT_EQ(questions(), 2u);
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Send("a"), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(questions(), 3u);
  EXPECT_EQ(log_->head(0), 4u);
  stream_->WritesDone();
  EXPECT_TRUE(stream_->Finish().ok());
}

class StreamGraceTest : public StreamAuthorizationTest {
 protected:
  void SetUp() override {
    authorizer_.On("good").expires_at = clock_.Now() + absl::Minutes(1);
    Start();
    Open("Bearer good");
    ASSERT_EQ(Send("a"), 0);
  }
  void Fail() { authorizer_.On("good").verdict = Decision::Verdict::kError; }
};

TEST_F(StreamGraceTest, GoesOnWhileTheAuthorizerCannotAnswer) {
  Fail();
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Send("a"), 0);
  EXPECT_EQ(Send("b"), StatusCode::UNAVAILABLE) << "nothing was ever said of it";
  clock_.Advance(absl::Seconds(59));
  EXPECT_EQ(Send("a"), 0);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Send("a"), StatusCode::UNAVAILABLE) << "the grace time is over";
}

TEST_F(StreamGraceTest, AsksEverLessOftenMeanwhile) {
  Fail();
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Send("a"), 0);
  EXPECT_EQ(questions(), 2u);
  for (int second = 0; second < 59; ++second) {
    EXPECT_EQ(Send("a"), 0) << second;
    clock_.Advance(absl::Seconds(1));
  }
  // After 1, 3, 7, 15, 30 and 45 seconds.
  EXPECT_EQ(questions(), 8u);
}

TEST_F(StreamGraceTest, TakesTheNextAnswerThatComes) {
  Fail();
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Send("a"), 0);
  authorizer_.On("good") = Decision{.verdict = Decision::Verdict::kForbidden};
  EXPECT_EQ(Send("a"), 0) << "it is not asked yet";
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Send("a"), StatusCode::PERMISSION_DENIED);
  Fail();
  EXPECT_EQ(Send("a"), StatusCode::UNAVAILABLE) << "what was denied since has no grace";
}

TEST_F(StreamGraceTest, IsAsGoodAsNewOnceItIsAllowedAgain) {
  Fail();
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(Send("a"), 0);
  clock_.Advance(absl::Seconds(30));
  authorizer_.On("good") = Decision{.verdict = Decision::Verdict::kAllow,
                                    .subject = "ada",
                                    .expires_at = clock_.Now() + absl::Minutes(1)};
  EXPECT_EQ(Send("a"), 0);
  Fail();
  clock_.Advance(absl::Seconds(119));
  EXPECT_EQ(Send("a"), 0);
}

TEST_F(StreamAuthorizationTest, HasNoGracePastTheEndOfTheCredential) {
  Decision& decision = authorizer_.On("good");
  decision.expires_at = clock_.Now() + absl::Minutes(1);
  decision.credential_expires_at = clock_.Now() + absl::Seconds(70);
  Start();
  Open("Bearer good");
  EXPECT_EQ(Send("a"), 0);
  decision.verdict = Decision::Verdict::kError;
  clock_.Advance(absl::Seconds(69));
  EXPECT_EQ(Send("a"), 0);
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(Send("a"), StatusCode::UNAVAILABLE);
}

TEST_F(StreamAuthorizationTest, AnswersADenialAndGoesOn) {
  Start();
  Open("Bearer reader");
  EXPECT_EQ(Send("a"), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(Send("a"), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(questions(), 2u);
  EXPECT_EQ(log_->head(0), 0u);
}

}  // namespace
}  // namespace sluice
