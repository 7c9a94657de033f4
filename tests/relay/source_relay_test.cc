#include <google/protobuf/descriptor.pb.h>

#include <fstream>

#include "absl/strings/str_cat.h"
#include "sluice/v1/event_source.pb.h"
#include "tests/relay/relay_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SourceTest : public RelayFixture {
 protected:
  // A source that does not let a test wait.
  SourceOptions& AddSource(std::string topic = "news") {
    SourceOptions& source = options_.sources.emplace_back();
    source.name = "wire";
    source.backend = "assistant";
    source.topic = std::move(topic);
    source.backoff_min = absl::Milliseconds(1);
    source.backoff_max = absl::Milliseconds(20);
    return source;
  }
  SourceOptions& AddWords() {
    SourceOptions& source = AddSource();
    source.method = "acme.assistant.v1.Assistant/Ask";
    source.resume = SourceResume{"text", "conversation_id"};
    return source;
  }

  // A response of EventSource.Watch: each event's id is its text.
  static std::string Watched(const std::vector<std::string>& texts, std::string topic = "news") {
    v1::WatchResponse response;
    for (const std::string& text : texts) {
      v1::Event* event = response.add_events();
      event->set_topic(topic);
      event->set_id(text);
      event->set_text(text);
    }
    return response.SerializeAsString();
  }
  static v1::WatchRequest RequestOf(const BackendCall& call) {
    v1::WatchRequest request;
    EXPECT_TRUE(request.ParseFromString(call.request()));
    return request;
  }

  Relay::SourceState State() const { return relay_->sources().front(); }
  // The same port again.
  void RestartBackend() {
    const std::string address = backend_->address();
    backend_->Stop();
    backend_ = std::make_unique<TestBackend>(address);
  }
};

TEST_F(SourceTest, PublishesWhatTheBackendWatches) {
  AddSource();
  Start();
  const auto call = backend_->AwaitCall();
  EXPECT_EQ(call->method(), "/sluice.v1.EventSource/Watch");
  EXPECT_THAT(RequestOf(*call).topics(), ElementsAre("news"));
  EXPECT_EQ(RequestOf(*call).resume_token(), "");
  call->Write(Watched({"1", "2"}));
  call->Write(Watched({}));
  call->Write(Watched({"3"}));
  EXPECT_THAT(AwaitData("news", 3), ElementsAre("1", "2", "3"));
  EXPECT_TRUE(Eventually([&] { return State().events == 3 && State().connected; }));
  EXPECT_EQ(metrics_.source_events.load(), 3u);
  EXPECT_EQ(State().failures, 0u);
}

TEST_F(SourceTest, SendsWhatTheConfigurationSays) {
  SourceOptions& source = AddSource("");
  source.request = R"({"topics": ["a", "b"]})";
  source.metadata = {{"x-tenant", "acme"}, {"x-key-bin", "AP8="}};
  Start();
  const auto call = backend_->AwaitCall();
  EXPECT_THAT(RequestOf(*call).topics(), ElementsAre("a", "b"));
  EXPECT_THAT(call->metadata(), testing::Contains(testing::Pair("x-tenant", "acme")));
  EXPECT_THAT(call->metadata(),
              testing::Contains(testing::Pair("x-key-bin", std::string("\0\xff", 2))));
}

TEST_F(SourceTest, LosesAndRepeatsNothingWhateverBecomesOfTheBackend) {
  constexpr int kEvents = 700;
  constexpr int kPerCall = 100;
  constexpr int kOverlap = 5;
  AddSource();
  // Begins some events too early, and is killed before it comes to the end.
  const auto answer = [](BackendCall& call) {
    const v1::WatchRequest request = RequestOf(call);
    const int seen = request.resume_token().empty() ? 0 : std::stoi(request.resume_token());
    const int from = std::max(0, seen - kOverlap);
    for (int i = from; i < kEvents && i < seen + kPerCall; ++i) {
      call.Write(Watched({absl::StrCat(i + 1)}));
    }
  };
  backend_->OnCall(answer);
  Start();
  for (size_t killed_at = 30; killed_at < kEvents; killed_at += 60) {
    ASSERT_TRUE(Eventually([&] { return log_.head(0) >= killed_at; })) << killed_at;
    const std::string address = backend_->address();
    backend_->Stop();
    backend_ = std::make_unique<TestBackend>(address, answer);
  }
  const std::vector<std::string> data = AwaitData("news", kEvents);
  ASSERT_EQ(data.size(), kEvents);
  for (int i = 0; i < kEvents; ++i) ASSERT_EQ(data[i], absl::StrCat(i + 1));
  // (A call had no more than a hundred.)
  EXPECT_GE(State().failures, 6u);
}

TEST_F(SourceTest, CallsAgainAfterAGoodEnd) {
  AddSource();
  Start();
  const auto first = backend_->AwaitCall();
  first->Write(Watched({"1"}));
  first->Finish(grpc::Status::OK);
  const auto second = backend_->AwaitCall();
  EXPECT_EQ(RequestOf(*second).resume_token(), "1");
  EXPECT_EQ(State().failures, 0u);
}

TEST_F(SourceTest, SkipsOnlyWhatIsNoEvent) {
  AddSource();
  Start();
  const auto call = backend_->AwaitCall();
  v1::WatchResponse response;
  ASSERT_TRUE(response.ParseFromString(Watched({"1", "2", "3"})));
  response.mutable_events(1)->set_raw_json("{broken");
  call->Write(response.SerializeAsString());
  call->Write("\xff\xff");
  call->Write(Watched({"elsewhere"}, "other"));
  call->Write(Watched({"4"}));
  EXPECT_THAT(AwaitData("news", 3), ElementsAre("1", "3", "4"));
  EXPECT_THAT(Data("other"), IsEmpty());
  EXPECT_EQ(metrics_.responses_skipped.load(), 3u);
}

TEST_F(SourceTest, SkipsOnlyWhatTheLogRefuses) {
  AddSource();
  Start();
  const auto call = backend_->AwaitCall();
  v1::WatchResponse response;
  ASSERT_TRUE(response.ParseFromString(Watched({"1", "2", "3"})));
  response.mutable_events(1)->set_id("1");
  call->Write(response.SerializeAsString());
  EXPECT_THAT(AwaitData("news", 2), ElementsAre("1", "3"));
  EXPECT_EQ(metrics_.responses_skipped.load(), 1u);
}

TEST_F(SourceTest, StoresOnceWhatWasStoredWithoutAnAnswer) {
  AddSource();
  Start();
  const auto call = backend_->AwaitCall();
  log_.LoseAnswers();
  v1::WatchResponse response;
  ASSERT_TRUE(response.ParseFromString(Watched({"1", "2", "2"})));
  response.mutable_events(1)->clear_id();
  response.mutable_events(2)->clear_id();
  call->Write(response.SerializeAsString());
  ASSERT_TRUE(Eventually([&] { return log_.refused() >= 2; }));
  log_.ComeBack();
  call->Write(Watched({"3"}));
  EXPECT_THAT(AwaitData("news", 4), ElementsAre("1", "2", "2", "3"));
  EXPECT_EQ(Events("news").front()->event().publisher_id, "1");
  EXPECT_TRUE(Eventually([&] { return State().events == 3; }));  // the id of "1" was known
}

TEST_F(SourceTest, WaitsForALogThatIsAway) {
  AddSource();
  log_.GoAway();
  Start();
  const auto call = backend_->AwaitCall();
  for (int i = 1; i <= 50; ++i) call->Write(Watched({absl::StrCat(i), absl::StrCat(i, "b")}));
  ASSERT_TRUE(Eventually([&] { return log_.refused() >= 3; }));
  log_.ComeBack();
  const std::vector<std::string> data = AwaitData("news", 100);
  for (int i = 0; i < 50; ++i) {
    ASSERT_EQ(data[2 * i], absl::StrCat(i + 1));
    ASSERT_EQ(data[2 * i + 1], absl::StrCat(i + 1, "b"));
  }
}

TEST_F(SourceTest, StopsWhileTheLogIsAway) {
  AddSource();
  log_.GoAway();
  Start();
  backend_->AwaitCall()->Write(Watched({"1"}));
  ASSERT_TRUE(Eventually([&] { return log_.refused() >= 1; }));
  relay_->Stop();
  EXPECT_EQ(relay_->calls(), 0u);
}

TEST_F(SourceTest, RelaysAnyMethodThatStreams) {
  AddWords();
  Start();
  const auto call = backend_->AwaitCall();
  EXPECT_EQ(call->method(), "/acme.assistant.v1.Assistant/Ask");
  EXPECT_EQ(call->request(), "");
  call->Write(Word("1"));
  call->Write("\xff");
  call->Write(Word("2"));
  EXPECT_THAT(AwaitData("news", 2), ElementsAre(WordJson("1"), WordJson("2")));
  EXPECT_EQ(Events("news").front()->event().type, "word");
  EXPECT_EQ(metrics_.responses_skipped.load(), 1u);
}

TEST_F(SourceTest, ResumesAnyMethodByItsFields) {
  AddWords();
  Start();
  const auto first = backend_->AwaitCall();
  first->Write(Word("1"));
  first->Write(Word("2"));
  AwaitData("news", 2);
  RestartBackend();
  const auto second = backend_->AwaitCall();
  EXPECT_EQ(second->request(), Bytes("AskRequest", R"(conversation_id: "2")"));
  second->Write(Word("2"));
  second->Write(Word("3"));
  EXPECT_THAT(AwaitData("news", 3), ElementsAre(WordJson("1"), WordJson("2"), WordJson("3")));
}

TEST_F(SourceTest, SaysWhichResumeFieldIsMissing) {
  AddWords().resume = SourceResume{"text", "no_such"};
  Start();
  ASSERT_TRUE(Eventually([&] { return State().failures > 0; }));
  EXPECT_THAT(State().last_error, HasSubstr("resume.request_field"));
  EXPECT_THAT(State().last_error, HasSubstr("no_such"));
}

TEST_F(SourceTest, BeginsOnceItsMethodIsKnown) {
  AddWords();
  schema_ = *SchemaRegistry::Load({}, {});
  Start();
  ASSERT_TRUE(Eventually([&] { return State().failures >= 2; }));
  EXPECT_THAT(State().last_error, HasSubstr("acme.assistant.v1.Assistant/Ask"));
  auto files = std::make_shared<google::protobuf::FileDescriptorSet>();
  std::ifstream file(ASSISTANT_DESCRIPTOR_SET, std::ios::binary);
  ASSERT_TRUE(files->ParseFromIstream(&file));
  ASSERT_TRUE(schema_->Offer("backend assistant", files).ok());
  const auto call = backend_->AwaitCall();
  call->Write(Word("1"));
  EXPECT_THAT(AwaitData("news", 1), ElementsAre(WordJson("1")));
}

TEST_F(SourceTest, LooksForTypesThatAreUnknown) {
  AddSource();
  std::atomic<int> asked{0};
  const google::protobuf::Any word = MakeAny(*assistant_, "acme.assistant.v1.Word", "text: \"hi\"");
  schema_ = *SchemaRegistry::Load({}, {});
  schema_->SetFinder([&](const std::string& name, const std::function<void()>& done) {
    ++asked;
    if (name == "acme.assistant.v1.Word") {
      auto files = std::make_shared<google::protobuf::FileDescriptorSet>();
      std::ifstream file(ASSISTANT_DESCRIPTOR_SET, std::ios::binary);
      ASSERT_TRUE(files->ParseFromIstream(&file));
      ASSERT_TRUE(schema_->Offer("backend assistant", files).ok());
    }
    done();
  });
  Start();
  const auto call = backend_->AwaitCall();
  v1::WatchResponse response;
  ASSERT_TRUE(response.ParseFromString(Watched({"1", "2", "3"})));
  *response.mutable_events(1)->mutable_message() = word;
  call->Write(response.SerializeAsString());
  response.mutable_events(0)->set_id("4");
  response.mutable_events(1)->set_id("5");
  response.mutable_events(1)->mutable_message()->set_type_url("t/acme.Nowhere");
  response.mutable_events(2)->set_id("6");
  call->Write(response.SerializeAsString());
  EXPECT_THAT(AwaitData("news", 5), ElementsAre("1", WordJson("hi"), "3", "1", "3"));
  EXPECT_EQ(asked, 2);
}

TEST_F(SourceTest, RunsOnlyWhileSomebodyListens) {
  SourceOptions& source = AddSource();
  source.start = SourceOptions::Start::kSubscribed;
  source.linger = absl::Milliseconds(20);
  Start();
  for (int turn = 0; turn < 3; ++turn) {
    EXPECT_EQ(relay_->calls(), 0u);
    auto one = std::make_unique<Listening>(hub_.shard(0), "news");
    const auto call = backend_->AwaitCall();
    auto two = std::make_unique<Listening>(hub_.shard(1), "news");
    one.reset();
    call->Write(Watched({absl::StrCat(turn)}));
    AwaitData("news", turn + 1);
    EXPECT_EQ(relay_->calls(), 1u);
    two.reset();
    EXPECT_TRUE(call->AwaitCancelled());
    EXPECT_TRUE(Eventually([&] { return relay_->calls() == 0; }));
  }
  EXPECT_EQ(State().failures, 0u);
}

TEST_F(SourceTest, GoesOnWhenSomebodyComesBackInTime) {
  SourceOptions& source = AddSource();
  source.start = SourceOptions::Start::kSubscribed;
  source.linger = absl::Milliseconds(300);
  Start();
  auto listening = std::make_unique<Listening>(hub_.shard(0), "news");
  const auto call = backend_->AwaitCall();
  listening.reset();
  listening = std::make_unique<Listening>(hub_.shard(1), "news");
  const absl::Time left_at = absl::Now();
  listening.reset();
  EXPECT_TRUE(call->AwaitCancelled());
  EXPECT_GE(absl::Now() - left_at, source.linger);
}

TEST_F(SourceTest, ClosesItsStreamsOnceForAFailure) {
  AddSource().on_error = SourceOptions::OnError::kClose;
  Start();
  const Listening one(hub_.shard(0), "news");
  const Listening two(hub_.shard(1), "news");
  const Listening other(hub_.shard(1), "olds");
  backend_->AwaitCall()->Write(Watched({"1"}));
  AwaitData("news", 1);
  const std::string address = backend_->address();
  backend_->Stop();
  // While it is away nothing more is closed.
  ASSERT_TRUE(Eventually([&] { return State().failures >= 4; }));
  backend_ = std::make_unique<TestBackend>(address);
  const auto call = backend_->AwaitCall();
  call->SendMetadata();
  ASSERT_TRUE(Eventually([&] { return State().connected; }));
  const auto told = [](const Listening& listening) { return listening.asked_to_leave().size(); };
  EXPECT_EQ(told(one), 1u);
  call->Finish({grpc::StatusCode::INTERNAL, "it broke"});
  ASSERT_TRUE(Eventually([&] { return told(one) == 2 && told(two) == 2; }));
  EXPECT_THAT(one.asked_to_leave(), ElementsAre(Reason::kBackendFailed, Reason::kBackendFailed));
  EXPECT_THAT(State().last_error, HasSubstr("it broke"));
  EXPECT_EQ(told(other), 0u);
}

TEST_F(SourceTest, ClosesEveryTopicItHasPublishedTo) {
  AddSource("").on_error = SourceOptions::OnError::kClose;
  Start();
  const Listening one(hub_.shard(0), "a");
  const Listening two(hub_.shard(1), "b");
  const Listening other(hub_.shard(1), "c");
  const auto call = backend_->AwaitCall();
  call->Write(Watched({"1"}, "a"));
  call->Write(Watched({"2"}, "b"));
  AwaitData("b", 1);
  call->Finish({grpc::StatusCode::UNAVAILABLE, "gone"});
  ASSERT_TRUE(Eventually(
      [&] { return one.asked_to_leave().size() == 1 && two.asked_to_leave().size() == 1; }));
  EXPECT_THAT(other.asked_to_leave(), IsEmpty());
}

TEST_F(SourceTest, ClosesNothingForAnEndThatIsNoFailure) {
  SourceOptions& source = AddSource();
  source.on_error = SourceOptions::OnError::kClose;
  source.deadline = absl::Milliseconds(300);
  Start();
  const Listening listening(hub_.shard(0), "news");
  const auto first = backend_->AwaitCall();
  first->Write(Watched({"1"}));
  AwaitData("news", 1);
  first->Finish(grpc::Status::OK);
  const auto second = backend_->AwaitCall();
  second->SendMetadata();
  EXPECT_TRUE(second->AwaitCancelled());  // its deadline
  const auto third = backend_->AwaitCall();
  third->Finish({grpc::StatusCode::UNAVAILABLE, "never was up"});
  ASSERT_TRUE(Eventually([&] { return State().failures == 1; }));
  EXPECT_NE(backend_->AwaitCall(), nullptr);
  RunOn(hub_.shard(0), [] {});
  EXPECT_THAT(listening.asked_to_leave(), IsEmpty());
}

TEST_F(SourceTest, OutlivesItsSubscribersAndLeavesNothingBehind) {
  SourceOptions& source = AddSource();
  source.start = SourceOptions::Start::kSubscribed;
  Start();
  auto listening = std::make_unique<Listening>(hub_.shard(0), "news");
  const auto call = backend_->AwaitCall();
  relay_->Stop();
  EXPECT_TRUE(call->AwaitCancelled());
  relay_.reset();
  listening.reset();  // the hub still tells of it
  const Listening again(hub_.shard(0), "news");
}

TEST_F(SourceTest, IsNothingBeforeItIsStarted) {
  AddSource();
  AddSource("old").start = SourceOptions::Start::kSubscribed;
  const Relay relay(options_, Context());
  EXPECT_EQ(relay.calls(), 0u);
  ASSERT_EQ(relay.sources().size(), 2u);
  EXPECT_FALSE(relay.sources()[0].connected);
}

}  // namespace
}  // namespace sluice
