#include <google/protobuf/struct.pb.h>

#include "tests/rpc/raw_call.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

using grpc::StatusCode;
using testing::StartsWith;

class PublisherTest : public RpcFixture {};

TEST_F(PublisherTest, AnswersAnIdForEachEventInOrder) {
  Start();
  v1::PublishResponse response;
  const auto request = Texts<v1::PublishRequest>("a", {"1", "2", "3"});
  ASSERT_TRUE(Publish(request, &response).ok());
  ASSERT_EQ(response.results_size(), 3);
  EXPECT_EQ(response.results(0).id(), FormatEventId({0xe, 1, false}));
  EXPECT_EQ(response.results(2).id(), FormatEventId({0xe, 3, false}));
  EXPECT_EQ(response.deduplication_window().seconds(), 120);
  EXPECT_EQ(metrics_.events_published, 3u);
}

TEST_F(PublisherTest, GivesATransientEventNoId) {
  Start();
  v1::PublishRequest request = Text("a", "x");
  request.mutable_events(0)->set_transient(true);
  EXPECT_EQ(PublishOne(request), "");
}

TEST_F(PublisherTest, StoresNothingOfARequestWithAFault) {
  Start();
  v1::PublishRequest request = Text("a", "good");
  request.add_events()->set_topic("a");
  v1::PublishResponse response;
  const grpc::Status status = Publish(request, &response);
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), StartsWith("events[1].payload: "));
  EXPECT_EQ(log_->head(0), 0u);
  EXPECT_EQ(metrics_.publishes_refused, 1u);
}

TEST_F(PublisherTest, StoresARetryOnce) {
  Start();
  v1::PublishRequest request = Text("a", "x");
  request.mutable_events(0)->set_id("mine");
  const std::string id = PublishOne(request);
  v1::PublishResponse again;
  ASSERT_TRUE(Publish(request, &again).ok());
  EXPECT_EQ(again.results(0).id(), id);
  EXPECT_TRUE(again.results(0).duplicate());
  EXPECT_EQ(metrics_.events_published, 1u);
  request.mutable_events(0)->set_text("other");
  EXPECT_EQ(Publish(request, &again).error_code(), StatusCode::ALREADY_EXISTS);
}

TEST_F(PublisherTest, RefusesBytesThatAreNoRequest) {
  Start();
  for (const std::string& bytes : {std::string("\xff\xff"),
                                   std::string("\x0a\x05"
                                               "abc"),
                                   std::string("\x0a\x03\x0a\x01\xff")}) {
    grpc::TemplatedGenericStub<grpc::ByteBuffer, grpc::ByteBuffer> stub(channel_);
    grpc::CompletionQueue queue;
    const auto context = Call();
    const grpc::ByteBuffer request = RawBytes(bytes);
    auto call =
        stub.PrepareUnaryCall(context.get(), "/sluice.v1.Publisher/Publish", request, &queue);
    call->StartCall();
    grpc::ByteBuffer response;
    grpc::Status status;
    call->Finish(&response, &status, nullptr);
    void* tag;
    bool ok;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  }
  EXPECT_EQ(metrics_.publishes_refused, 3u);
  EXPECT_NE(PublishText("a", "fine"), "");
}

TEST_F(PublisherTest, RefusesARequestThatIsTooLarge) {
  options_.publish_bytes_max = 10'000;
  Start();
  v1::PublishResponse response;
  EXPECT_EQ(Publish(Text("a", std::string(20'000, 'x')), &response).error_code(),
            StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(PublisherTest, TakesJsonDeeperThanProtobufReadsByDefault) {
  Start();
  v1::PublishRequest request;
  request.add_events()->set_topic("a");
  google::protobuf::Value* value = request.mutable_events(0)->mutable_json();
  for (int i = 0; i < 60; ++i) {
    value = &(*value->mutable_struct_value()->mutable_fields())["k"];
  }
  value->set_bool_value(true);
  EXPECT_NE(PublishOne(request), "");
}

TEST_F(PublisherTest, PublishesMessagesOfTheSchema) {
  Start();
  v1::PublishRequest request;
  request.add_events()->set_topic("a");
  *request.mutable_events(0)->mutable_message() =
      MakeAny(*schema_, "acme.chat.v1.TokenAdded", "token: ''");
  PublishOne(request);
  const auto context = Call();
  v1::SubscribeRequest subscribe;
  subscribe.add_topics("a");
  subscribe.set_start("earliest");
  auto stream = subscriber_->Subscribe(context.get(), subscribe);
  v1::SubscribeResponse event;
  ASSERT_TRUE(stream->Read(&event));
  EXPECT_EQ(event.type(), "token_added");
  EXPECT_EQ(event.data(), R"({"token":""})");
  context->TryCancel();
}

}  // namespace
}  // namespace sluice
