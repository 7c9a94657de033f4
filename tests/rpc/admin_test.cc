#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

using grpc::StatusCode;

class AdminTest : public RpcFixture {
 protected:
  AdminTest() { authorizer_.On("nobody").verdict = Decision::Verdict::kForbidden; }

  void Join(std::initializer_list<std::string> topics) {
    v1::SubscribeRequest request;
    for (const std::string& topic : topics) request.add_topics(topic);
    contexts_.push_back(Call());
    streams_.push_back(subscriber_->Subscribe(contexts_.back().get(), request));
    streams_.back()->WaitForInitialMetadata();
  }
  ~AdminTest() override {
    for (auto& context : contexts_) context->TryCancel();
  }

  std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> streams_;
};

TEST_F(AdminTest, CountsWhatGoesOn) {
  Start();
  Join({"a"});
  Join({"a", "b"});
  PublishText("a", "x");
  v1::SubscribeResponse event;
  for (auto& stream : streams_) ASSERT_TRUE(stream->Read(&event));
  v1::SubscribeRequest bad;
  subscriber_->Subscribe(Call().get(), bad)->Finish();
  clock_.Advance(absl::Seconds(90));
  v1::GetStatsResponse stats;
  ASSERT_TRUE(admin_->GetStats(Call().get(), {}, &stats).ok());
  EXPECT_EQ(stats.version(), "1.2.3");
  EXPECT_EQ(stats.uptime().seconds(), 90);
  EXPECT_EQ(stats.subscribers(), 2u);
  EXPECT_EQ(stats.topics(), 2u);
  EXPECT_EQ(stats.subscribers_total(), 2u);
  EXPECT_EQ(stats.events_published_total(), 1u);
  EXPECT_EQ(stats.events_delivered_total(), 2u);
  EXPECT_EQ(stats.refusals_total().at("bad_request"), 1u);
  EXPECT_EQ(stats.refusals_total().size(), 1u);
  EXPECT_EQ(stats.position(), FormatEventId({0xe, 1, false}));
  EXPECT_EQ(authorizer_.questions().back().action, Action::kReadStats);
}

TEST_F(AdminTest, ListsTopicsByTheirSubscribers) {
  Start();
  Join({"a/1", "b"});
  Join({"b", "a/2"});
  Join({"b"});
  v1::ListTopicsResponse all;
  ASSERT_TRUE(admin_->ListTopics(Call().get(), {}, &all).ok());
  ASSERT_EQ(all.topics_size(), 3);
  EXPECT_EQ(all.topics(0).topic(), "b");
  EXPECT_EQ(all.topics(0).subscribers(), 3u);
  EXPECT_EQ(all.topics(1).topic(), "a/1");
  EXPECT_EQ(all.total(), 3u);
  v1::ListTopicsRequest request;
  request.set_prefix("a/");
  request.set_limit(1);
  v1::ListTopicsResponse some;
  ASSERT_TRUE(admin_->ListTopics(Call().get(), request, &some).ok());
  ASSERT_EQ(some.topics_size(), 1);
  EXPECT_EQ(some.topics(0).topic(), "a/1");
  EXPECT_EQ(some.total(), 2u);
  EXPECT_EQ(authorizer_.questions().back().action, Action::kAdminister);
}

TEST_F(AdminTest, ListsSubscribers) {
  Start();
  Join({"a"});
  authorizer_.On("good").subject = "bob";
  Join({"a", "b"});
  v1::ListSubscribersRequest request;
  request.set_subject("bob");
  v1::ListSubscribersResponse response;
  ASSERT_TRUE(admin_->ListSubscribers(Call().get(), request, &response).ok());
  ASSERT_EQ(response.subscribers_size(), 1);
  const v1::SubscriberInfo& bob = response.subscribers(0);
  EXPECT_THAT(bob.subscriber_id(), testing::StartsWith("grpc-"));
  EXPECT_THAT(bob.peer_address(), testing::StartsWith("127.0.0.1:"));
  EXPECT_THAT(bob.topics(), testing::UnorderedElementsAre("a", "b"));
  EXPECT_EQ(bob.connected_at().seconds(), absl::ToUnixSeconds(clock_.Now()));
  EXPECT_EQ(bob.transport(), "grpc");
  request.Clear();
  request.set_topic("a");
  request.set_limit(1);
  ASSERT_TRUE(admin_->ListSubscribers(Call().get(), request, &response).ok());
  EXPECT_EQ(response.subscribers_size(), 1);
  EXPECT_EQ(response.total(), 2u);
}

TEST_F(AdminTest, AsksTheAuthorizer) {
  Start();
  v1::GetStatsResponse stats;
  EXPECT_EQ(admin_->GetStats(Call("").get(), {}, &stats).error_code(), StatusCode::UNAUTHENTICATED);
  v1::ListTopicsResponse topics;
  EXPECT_EQ(admin_->ListTopics(Call("Bearer nobody").get(), {}, &topics).error_code(),
            StatusCode::PERMISSION_DENIED);
  v1::ListSubscribersResponse subscribers;
  EXPECT_EQ(admin_->ListSubscribers(Call("").get(), {}, &subscribers).error_code(),
            StatusCode::UNAUTHENTICATED);
}

}  // namespace
}  // namespace sluice
