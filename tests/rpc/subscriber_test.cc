#include "tests/fakes/partitioned_log.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

using grpc::StatusCode;
using testing::HasSubstr;
using testing::StartsWith;

v1::SubscribeRequest To(std::initializer_list<std::string> topics, const std::string& start = "") {
  v1::SubscribeRequest request;
  for (const std::string& topic : topics) request.add_topics(topic);
  request.set_start(start);
  return request;
}

class SubscriberTest : public RpcFixture {
 protected:
  struct Reader {
    std::unique_ptr<grpc::ClientContext> context;
    std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> stream;

    v1::SubscribeResponse Next() {
      v1::SubscribeResponse response;
      EXPECT_TRUE(stream->Read(&response));
      return response;
    }
    // What ends it; nothing comes before.
    grpc::Status End() {
      v1::SubscribeResponse response;
      EXPECT_FALSE(stream->Read(&response)) << response.ShortDebugString();
      return stream->Finish();
    }
    ~Reader() {
      if (context != nullptr) context->TryCancel();
    }
    Reader() = default;
    Reader(Reader&&) = default;
  };

  Reader Open(const v1::SubscribeRequest& request, const char* authorization = kGood) {
    Reader reader;
    reader.context = Call(authorization);
    reader.stream = subscriber_->Subscribe(reader.context.get(), request);
    return reader;
  }
  // One that misses nothing from here on.
  Reader Join(const v1::SubscribeRequest& request) {
    Reader reader = Open(request);
    reader.stream->WaitForInitialMetadata();
    return reader;
  }
  uint64_t Disconnects(Reason reason) { return metrics_.disconnects[static_cast<size_t>(reason)]; }
  uint64_t Refusals(Reason reason) { return metrics_.refusals[static_cast<size_t>(reason)]; }
};

TEST_F(SubscriberTest, RefusesTopicsOfTwoPartitionsOfTheLog) {
  Start(std::make_unique<PartitionedLog>(2, clock_));
  const grpc::Status status = Open(To({"0/a", "1/b"})).End();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), HasSubstr("'0/a' and '1/b'"));
  EXPECT_EQ(Refusals(Reason::kBadRequest), 1u);
  Join(To({"0/a", "0/b"}));
}

TEST_F(SubscriberTest, DeliversWhatIsPublishedOnceItHasJoined) {
  Start();
  PublishText("a", "before");
  Reader reader = Join(To({"a"}));
  PublishText("b", "other topic");
  v1::PublishRequest request = Text("a", "line\nline");
  v1::Event* event = request.mutable_events(0);
  event->set_type("note");
  (*event->mutable_attributes())["k"] = "v";
  event->mutable_time()->set_seconds(77);
  event->mutable_time()->set_nanos(5);
  event->mutable_retry()->set_nanos(250'000'000);
  const std::string id = PublishOne(request);
  const v1::SubscribeResponse got = reader.Next();
  EXPECT_EQ(got.id(), id);
  EXPECT_EQ(got.type(), "note");
  EXPECT_EQ(got.data(), "line\nline");
  EXPECT_EQ(got.topic(), "a");
  EXPECT_EQ(got.attributes().at("k"), "v");
  EXPECT_EQ(got.time().seconds(), 77);
  EXPECT_EQ(got.time().nanos(), 5);
  EXPECT_EQ(got.retry().nanos(), 250'000'000);
  EXPECT_FALSE(got.end_of_stream());
}

TEST_F(SubscriberTest, StartsWhereItIsAskedTo) {
  Start();
  std::vector<std::string> ids;
  for (const char* text : {"1", "2", "3", "4"}) ids.push_back(PublishText("a", text));
  EXPECT_EQ(Open(To({"a"}, "earliest")).Next().data(), "1");
  EXPECT_EQ(Open(To({"a"}, "last 2")).Next().data(), "3");
  v1::SubscribeRequest resume = To({"a"});
  resume.set_last_event_id(ids[1]);
  Reader reader = Open(resume);
  EXPECT_EQ(reader.Next().data(), "3");
  EXPECT_EQ(reader.Next().data(), "4");
  PublishText("a", "5");
  EXPECT_EQ(reader.Next().data(), "5");
}

TEST_F(SubscriberTest, TellsOfAGapWhereTheLogHasLetGo) {
  Start(MakeMemoryEventLog({.events_per_topic = 2, .epoch = 0xe}, clock_));
  const std::string first = PublishText("a", "1");
  for (const char* text : {"2", "3", "4", "5"}) PublishText("a", text);
  v1::SubscribeRequest resume = To({"a"});
  resume.set_last_event_id(first);
  Reader reader = Open(resume);
  const v1::SubscribeResponse gap = reader.Next();
  EXPECT_EQ(gap.type(), "gap");
  EXPECT_EQ(gap.id(), FormatEventId({0xe, 3, false}));
  EXPECT_EQ(gap.topic(), "a");
  EXPECT_THAT(gap.data(), HasSubstr("\"requested\":\"" + first + "\""));
  EXPECT_EQ(reader.Next().data(), "4");
}

TEST_F(SubscriberTest, GivesTransientEventsWithoutId) {
  Start();
  Reader reader = Join(To({"a"}));
  v1::PublishRequest request = Text("a", "x");
  request.mutable_events(0)->set_transient(true);
  PublishOne(request);
  const v1::SubscribeResponse got = reader.Next();
  EXPECT_EQ(got.id(), "");
  EXPECT_EQ(got.data(), "x");
}

TEST_F(SubscriberTest, EndsWhenEveryTopicHasEnded) {
  Start();
  Reader reader = Join(To({"a", "b"}));
  v1::PublishRequest end = Text("a", "bye");
  end.mutable_events(0)->set_end_of_stream(true);
  PublishOne(end);
  const v1::SubscribeResponse first = reader.Next();
  EXPECT_TRUE(first.end_of_stream());
  EXPECT_THAT(first.id(), testing::Not(testing::EndsWith(".end")));
  PublishText("b", "still there");
  EXPECT_EQ(reader.Next().data(), "still there");
  end.mutable_events(0)->set_topic("b");
  PublishOne(end);
  const v1::SubscribeResponse last = reader.Next();
  EXPECT_THAT(last.id(), testing::EndsWith(".end"));
  EXPECT_TRUE(reader.End().ok());
  EXPECT_EQ(Disconnects(Reason::kEndOfStream), 1u);
}

TEST_F(SubscriberTest, EndsAtOnceForOneThatHasSeenTheEnd) {
  Start();
  v1::PublishRequest end = Text("a", "bye");
  end.mutable_events(0)->set_end_of_stream(true);
  PublishOne(end);
  const std::string id = Open(To({"a"}, "earliest")).Next().id();
  v1::SubscribeRequest resume = To({"a"});
  resume.set_last_event_id(id);
  EXPECT_TRUE(Open(resume).End().ok());
  EXPECT_EQ(Refusals(Reason::kEnded), 1u);
  PublishText("a", "again");
  EXPECT_EQ(Open(resume).Next().data(), "again");
}

TEST_F(SubscriberTest, DeliversOnlyWhatPassesItsFilterAndTheAuthorizers) {
  Decision& decision = authorizer_.On("good");
  decision.attributes = {{"tenant", "acme"}};
  decision.event_types = {"token"};
  Start();
  v1::SubscribeRequest filtered = To({"a"}, "earliest");
  (*filtered.mutable_attributes())["message"] = "7";
  const auto publish = [&](const char* tenant, const char* message, const char* type) {
    v1::PublishRequest request = Text("a", std::string(tenant) + message + type);
    (*request.mutable_events(0)->mutable_attributes())["tenant"] = tenant;
    (*request.mutable_events(0)->mutable_attributes())["message"] = message;
    request.mutable_events(0)->set_type(type);
    PublishOne(request);
  };
  publish("other", "7", "token");
  publish("acme", "8", "token");
  publish("acme", "7", "typing");
  publish("acme", "7", "token");
  EXPECT_EQ(Open(filtered).Next().data(), "acme7token");
}

TEST_F(SubscriberTest, GivesOnlyWhatTheAuthorizersMasksLeave) {
  authorizer_.On("narrow").masks = *FieldMasks::Make({{"data: x", {"shown"}}});
  Start();
  v1::PublishRequest request;
  v1::Event* event = request.add_events();
  event->set_topic("a");
  event->set_type("data: x");  // what a masked frame's data begins with, too
  event->set_raw_json(R"({"shown":1,"hidden":2})");
  (*event->mutable_attributes())["kind"] = "k";
  v1::PublishRequest other = Text("a", "hidden");
  other.mutable_events(0)->set_type("data: x");
  PublishOne(request);
  PublishOne(other);
  PublishText("a", "of another type");
  Reader narrow = Open(To({"a"}, "earliest"), "Bearer narrow");
  const v1::SubscribeResponse first = narrow.Next();
  EXPECT_EQ(first.data(), R"({"shown":1})");
  EXPECT_EQ(first.attributes().at("kind"), "k");
  EXPECT_EQ(narrow.Next().data(), "{}");
  EXPECT_EQ(narrow.Next().data(), "of another type");
  Reader whole = Open(To({"a"}, "earliest"));
  EXPECT_EQ(whole.Next().data(), R"({"shown":1,"hidden":2})");
}

TEST_F(SubscriberTest, FillsTheSubjectIntoTopics) {
  Start();
  Reader reader = Join(To({"user/{subject}"}));
  EXPECT_THAT(authorizer_.questions().front().topics, testing::ElementsAre("user/{subject}"));
  PublishText("user/ada", "hers");
  EXPECT_EQ(reader.Next().topic(), "user/ada");
}

TEST_F(SubscriberTest, RefusesASubjectThatMakesAnotherTopic) {
  authorizer_.On("good").subject = "ada/private";
  Start();
  EXPECT_EQ(Open(To({"user/{subject}"})).End().error_code(), StatusCode::PERMISSION_DENIED);
}

TEST_F(SubscriberTest, RefusesAsTheAuthorizerDoes) {
  Decision& reader = authorizer_.On("reader");
  reader.verdict = Decision::Verdict::kForbidden;
  reader.denied_topics = {"a"};
  authorizer_.On("broken").verdict = Decision::Verdict::kError;
  Start();
  EXPECT_EQ(Open(To({"a"}), "").End().error_code(), StatusCode::UNAUTHENTICATED);
  const grpc::Status denied = Open(To({"a"}), "Bearer reader").End();
  EXPECT_EQ(denied.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_THAT(denied.error_message(), HasSubstr("a"));
  EXPECT_EQ(Open(To({"a"}), "Bearer broken").End().error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(Refusals(Reason::kUnauthenticated), 1u);
  EXPECT_EQ(Refusals(Reason::kForbidden), 1u);
  EXPECT_EQ(Refusals(Reason::kAuthorizerAway), 1u);
  EXPECT_EQ(metrics_.subscribers_total, 0u);
}

TEST_F(SubscriberTest, NamesTheFieldThatIsWrong) {
  options_.topics_per_subscriber_max = 2;
  Start();
  v1::SubscribeRequest long_id = To({"a"});
  long_id.set_last_event_id(std::string(257, 'x'));
  v1::SubscribeRequest large = To({"a"});
  (*large.mutable_attributes())["k"] = std::string(257, 'x');
  const struct {
    v1::SubscribeRequest request;
    const char* field;
  } rows[] = {
      {To({}), "topics: "},
      {To({"a", "b", "c"}), "topics: are more than 2"},
      {To({"a", "b//c"}), "topics[1]: "},
      {To({"a"}, "tomorrow"), "start: "},
      {long_id, "last_event_id: "},
      {large, "attributes: "},
  };
  for (const auto& row : rows) {
    const grpc::Status status = Open(row.request).End();
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT) << row.field;
    EXPECT_THAT(status.error_message(), StartsWith(row.field));
  }
  EXPECT_EQ(Refusals(Reason::kBadRequest), std::size(rows));
  EXPECT_TRUE(authorizer_.questions().empty());
}

TEST_F(SubscriberTest, RefusesARequestThatIsLargerThanAnyNeedsToBe) {
  Start();
  const auto with_unknown_field = [](size_t bytes) {
    v1::SubscribeRequest request = To({"a"});
    request.GetReflection()->MutableUnknownFields(&request)->AddLengthDelimited(
        1000, std::string(bytes, 'x'));
    return request;
  };
  const grpc::Status status = Open(with_unknown_field(64 << 10)).End();
  EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(status.error_message(), StartsWith("the request is larger than 65536 bytes"));
  EXPECT_EQ(Refusals(Reason::kBadRequest), 1u);
  EXPECT_TRUE(authorizer_.questions().empty());
  Reader reader = Join(with_unknown_field(63 << 10));
  PublishText("a", "x");
  EXPECT_EQ(reader.Next().data(), "x");
}

TEST_F(SubscriberTest, TakesAsManyTopicsAsAreAllowedOfTheLongest) {
  options_.topics_per_subscriber_max = 1000;
  Start();
  v1::SubscribeRequest request;
  for (int i = 1000; i < 2000; ++i) request.add_topics(std::string(251, 'x') + std::to_string(i));
  Reader reader = Join(request);
  PublishText(request.topics(999), "x");
  EXPECT_EQ(reader.Next().data(), "x");
}

TEST_F(SubscriberTest, BoundsTheCallsAtOnce) {
  options_.subscribers_max = 1;
  Start();
  {
    Reader first = Join(To({"a"}));
    EXPECT_EQ(Open(To({"a"})).End().error_code(), StatusCode::RESOURCE_EXHAUSTED);
  }
  WaitUntil([&] { return hub_->subscribers() == 0; });
  grpc::Status status;
  WaitUntil([&] {
    Reader second = Open(To({"a"}));
    second.stream->WaitForInitialMetadata();
    return hub_->subscribers() == 1;
  });
}

TEST_F(SubscriberTest, IsClosedWhenTheAuthorizationExpires) {
  authorizer_.On("good").expires_at = clock_.Now() + absl::Minutes(1);
  Start();
  Reader reader = Join(To({"a"}));
  clock_.Advance(absl::Minutes(1));
  EXPECT_EQ(reader.End().error_code(), StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(Disconnects(Reason::kExpired), 1u);
}

TEST_F(SubscriberTest, IsGoneSoonAfterItsCallerLeft) {
  Start();
  Reader reader = Join(To({"a"}));
  EXPECT_EQ(hub_->subscribers(), 1u);
  reader.context->TryCancel();
  WaitUntil([&] { return hub_->subscribers() == 0; });
  EXPECT_EQ(Disconnects(Reason::kClientLeft), 1u);
}

TEST_F(SubscriberTest, IsGoneWhenItsCallerLeavesBeforeItIsAllowed) {
  Start();
  authorizer_.Hold(true);
  {
    Reader reader = Open(To({"a"}));
    authorizer_.WaitForQuestion();
  }
  server_->Shutdown(absl::Now() + absl::Seconds(30));  // the call is over by then
  authorizer_.Hold(false);
  EXPECT_EQ(metrics_.subscribers_total, 0u);
}

TEST_F(SubscriberTest, IsToldOfADrain) {
  Start();
  Reader reader = Join(To({"a"}));
  hub_->Visit([](Shard& shard) { shard.Drain(1000); }, [] {});
  const grpc::Status status = reader.End();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "draining");
  EXPECT_EQ(Disconnects(Reason::kDraining), 1u);
}

TEST_F(SubscriberTest, IsToldThatTheBackendOfItsTopicFailed) {
  Start();
  Reader reader = Join(To({"a"}));
  hub_->CloseTopic("a", Reason::kBackendFailed, 1000);
  const grpc::Status status = reader.End();
  EXPECT_EQ(status.error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(status.error_message(), "backend_failed");
  EXPECT_EQ(Disconnects(Reason::kBackendFailed), 1u);
}

TEST_F(SubscriberTest, MissesNothingWhenItReadsSlowly) {
  Start(MakeMemoryEventLog({.events_per_topic = 100'000, .epoch = 0xe}, clock_));
  Reader slow = Join(To({"a"}));
  constexpr int kEvents = 3000;
  const std::string padding(4000, '.');  // 12 MB: more than its socket and window hold
  for (int i = 0; i < kEvents; i += 100) {
    v1::PublishRequest request;
    for (int j = i; j < i + 100; ++j) {
      *request.add_events() = Text("a", std::to_string(j) + padding).events(0);
    }
    PublishOne(request);
  }
  for (int i = 0; i < kEvents; ++i) {
    ASSERT_THAT(slow.Next().data(), StartsWith(std::to_string(i) + "."));
  }
}

}  // namespace
}  // namespace sluice
