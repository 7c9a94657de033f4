#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/relay/relay_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

// Waits to be told where its reader starts.
class Joiner {
 public:
  Calls::JoinDone Done() {
    return [promise = promise_](absl::StatusOr<Joined> joined) {
      promise->set_value(std::move(joined));
    };
  }
  bool told() { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }
  absl::StatusOr<Joined> Await() {
    if (future_.wait_for(std::chrono::seconds(30)) != std::future_status::ready) {
      return absl::DeadlineExceededError("was told nothing");
    }
    return future_.get();
  }

 private:
  using Promise = std::promise<absl::StatusOr<Joined>>;
  std::shared_ptr<Promise> promise_ = std::make_shared<Promise>();
  std::future<absl::StatusOr<Joined>> future_ = promise_->get_future();
};

class TopicCallsTest : public RelayFixture {
 protected:
  ~TopicCallsTest() override {
    if (relay_ != nullptr) relay_->Stop();  // the policy outlives the calls
  }

  static constexpr char kAsk[] = "acme.assistant.v1.Assistant/Ask";

  static CallRequest Request(std::string method = kAsk) {
    return {.backend = "assistant", .method = std::move(method)};
  }
  Joiner Join(const std::string& topic = "chat", absl::Duration wait = absl::InfiniteDuration()) {
    Joiner joiner;
    relay_->Join(topic, policy_, Request(method_), wait, joiner.Done());
    return joiner;
  }
  // The first place at a call that the backend has answered.
  Joined JoinStarted(std::shared_ptr<BackendCall>* call) {
    Joiner joiner = Join();
    *call = backend_->AwaitCall();
    (*call)->SendMetadata();
    return joiner.Await().value();
  }
  std::vector<std::string> AwaitEnd(Offset after = 0) {
    EXPECT_TRUE(Eventually([&] {
      const auto events = Events("chat", after);
      return !events.empty() && events.back()->event().end_of_stream;
    }));
    return Data("chat", after);
  }
  bool Running() { return relay_->JoinRunning("chat").has_value(); }

  std::string method_ = kAsk;
  CallPolicy policy_;
};

TEST_F(TopicCallsTest, TellsEverybodyWhereTheAnswerBegins) {
  Start();
  AppendOne(log_, MakeEvent("chat", "before"));
  EXPECT_FALSE(Running());
  std::shared_ptr<BackendCall> call;
  const Joined first = JoinStarted(&call);
  EXPECT_EQ(first.starts_at, (EventId{0xe, 1}));
  call->Write(Word("a"));
  call->Write(Word("b"));
  AwaitData("chat", 3);
  const Joined second = Join().Await().value();
  EXPECT_EQ(second.starts_at, first.starts_at);
  EXPECT_EQ(relay_->JoinRunning("chat")->starts_at, first.starts_at);
  EXPECT_EQ(relay_->calls(), 1u);
  call->Write(Word("c"));
  call->Finish(grpc::Status::OK);
  EXPECT_THAT(AwaitEnd(second.starts_at.offset),
              ElementsAre(WordJson("a"), WordJson("b"), WordJson("c"), "(none)"));
  EXPECT_EQ(Events("chat", 1).front()->event().type, "word");
}

TEST_F(TopicCallsTest, WaitsForTheFirstWord) {
  Start();
  Joiner first = Join();
  Joiner second = Join();
  const auto call = backend_->AwaitCall();
  EXPECT_FALSE(Running());
  EXPECT_FALSE(first.told());
  call->Write(Word("a"));
  EXPECT_TRUE(first.Await().ok());
  EXPECT_TRUE(second.Await().ok());
  EXPECT_EQ(relay_->calls(), 1u);
}

TEST_F(TopicCallsTest, FailsBeforeTheFirstWordWithoutATrace) {
  Start();
  Joiner first = Join();
  Joiner second = Join();
  backend_->AwaitCall()->Finish({grpc::StatusCode::NOT_FOUND, "no such chat"});
  EXPECT_EQ(first.Await().status(), absl::NotFoundError("no such chat"));
  EXPECT_EQ(second.Await().status(), absl::NotFoundError("no such chat"));
  EXPECT_EQ(log_.head(0), 0u);
  EXPECT_FALSE(Running());
  // The next who asks is not told of it.
  Joiner third = Join();
  backend_->AwaitCall()->SendMetadata();
  EXPECT_TRUE(third.Await().ok());
}

TEST_F(TopicCallsTest, SaysWhichBackendIsMissing) {
  options_.backends.clear();
  Start();
  EXPECT_EQ(Join().Await().status().code(), absl::StatusCode::kNotFound);
}

TEST_F(TopicCallsTest, LetsGoOfThoseWhoHaveWaitedLongEnough) {
  Start();
  Joiner patient = Join();
  const auto call = backend_->AwaitCall();
  const Joined impatient = Join("chat", absl::ZeroDuration()).Await().value();
  const Joined waited = Join("chat", absl::Milliseconds(1)).Await().value();
  EXPECT_TRUE(Running());
  EXPECT_FALSE(patient.told());
  call->Finish({grpc::StatusCode::RESOURCE_EXHAUSTED, "too busy"});
  EXPECT_EQ(patient.Await().status(), absl::ResourceExhaustedError("too busy"));
  // They read already: for them it is an event.
  EXPECT_THAT(AwaitEnd(impatient.starts_at.offset),
              ElementsAre(R"({"code":"RESOURCE_EXHAUSTED","message":"too busy"})"));
}

TEST_F(TopicCallsTest, EndsWithAnEventOfItsFailure) {
  policy_.error = {"failed", R"({"why":"${message}"})"};
  Start();
  std::shared_ptr<BackendCall> call;
  const Joined joined = JoinStarted(&call);
  call->Write(Word("a"));
  call->Finish({grpc::StatusCode::INTERNAL, "it \"broke\""});
  EXPECT_THAT(AwaitEnd(), ElementsAre(WordJson("a"), R"({"why":"it \"broke\""})"));
  EXPECT_EQ(Events("chat").back()->event().type, "failed");
}

TEST_F(TopicCallsTest, EndsWithThePolicysEvent) {
  policy_.done = EventTemplate{"done", R"("__END__")"};
  Start();
  std::shared_ptr<BackendCall> call;
  const Joined joined = JoinStarted(&call);
  call->Write(Word("a"));
  call->Finish(grpc::Status::OK);
  EXPECT_THAT(AwaitEnd(), ElementsAre(WordJson("a"), R"("__END__")"));
  EXPECT_EQ(Events("chat").back()->event().type, "done");
  EXPECT_EQ(Events("chat").back()->event().time, clock_.Now());
}

TEST_F(TopicCallsTest, AnEmptyAnswerIsAnAnswer) {
  Start();
  Joiner joiner = Join();
  backend_->AwaitCall()->Finish(grpc::Status::OK);
  EXPECT_TRUE(joiner.Await().ok());
  EXPECT_THAT(AwaitEnd(), ElementsAre("(none)"));
}

TEST_F(TopicCallsTest, LeavesTheEndToTheBackend) {
  policy_.done = EventTemplate{"done", "{}"};
  method_ = "acme.assistant.v1.Assistant/Leave";
  Start();
  std::shared_ptr<BackendCall> call;
  const Joined joined = JoinStarted(&call);
  call->Write(Bytes("Bye", ""), 3);
  EXPECT_TRUE(call->AwaitCancelled());
  EXPECT_TRUE(Eventually([&] { return relay_->calls() == 0 && !Running(); }));
  EXPECT_THAT(Data("chat"), ElementsAre("{}"));
  EXPECT_EQ(Events("chat").back()->event().type, "bye");
  EXPECT_TRUE(Events("chat").back()->event().end_of_stream);
}

TEST_F(TopicCallsTest, BeginsANewCallAfterTheEnd) {
  Start();
  Offset before = 0;
  for (int turn = 0; turn < 3; ++turn) {
    std::shared_ptr<BackendCall> call;
    const Joined joined = JoinStarted(&call);
    EXPECT_EQ(joined.starts_at.offset, before);
    call->Write(Word(absl::StrCat(turn)));
    call->Finish(grpc::Status::OK);
    EXPECT_THAT(AwaitEnd(before), ElementsAre(WordJson(absl::StrCat(turn)), "(none)"));
    EXPECT_TRUE(Eventually([&] { return !Running(); }));
    before = log_.head(0);
  }
}

TEST_F(TopicCallsTest, SkipsWhatIsNoEvent) {
  Start();
  std::shared_ptr<BackendCall> call;
  const Joined joined = JoinStarted(&call);
  call->Write(Word("a"));
  call->Write("\xff");
  call->Write(Word("b"));
  EXPECT_THAT(AwaitData("chat", 2), ElementsAre(WordJson("a"), WordJson("b")));
  EXPECT_EQ(metrics_.responses_skipped.load(), 1u);
}

TEST_F(TopicCallsTest, StoresEverythingOnceTheLogIsBack) {
  Start();
  std::shared_ptr<BackendCall> call;
  const Joined joined = JoinStarted(&call);
  log_.GoAway();
  call->Write(Word("a"));
  call->Write(Word("b"));
  call->Finish(grpc::Status::OK);
  ASSERT_TRUE(Eventually([&] { return log_.refused() >= 2; }));
  EXPECT_TRUE(Running());
  log_.ComeBack();
  EXPECT_THAT(AwaitEnd(), ElementsAre(WordJson("a"), WordJson("b"), "(none)"));
}

TEST_F(TopicCallsTest, StoresOnceWhatWasStoredWithoutAnAnswer) {
  Start();
  for (int turn = 0; turn < 2; ++turn) {  // the same words again are others
    const Offset before = log_.head(0);
    std::shared_ptr<BackendCall> call;
    const Joined joined = JoinStarted(&call);
    log_.LoseAnswers();
    const uint64_t refused = log_.refused();
    call->Write(Word("a"));
    call->Write(Word("a"));
    call->Finish(grpc::Status::OK);
    ASSERT_TRUE(Eventually([&] { return log_.refused() >= refused + 2; }));
    log_.ComeBack();
    EXPECT_THAT(AwaitEnd(before), ElementsAre(WordJson("a"), WordJson("a"), "(none)"));
    ASSERT_TRUE(Eventually([&] { return !Running(); }));
  }
}

TEST_F(TopicCallsTest, IsCancelledWhenNobodyListens) {
  policy_.linger = absl::Milliseconds(20);
  Start();
  std::shared_ptr<BackendCall> call;
  Joined first = JoinStarted(&call);
  Joined second = Join().Await().value();
  first.lease.reset();
  call->Write(Word("a"));
  AwaitData("chat", 1);
  second.lease.reset();
  EXPECT_TRUE(call->AwaitCancelled());
  EXPECT_THAT(AwaitEnd(), ElementsAre(WordJson("a"),
                                      R"({"code":"CANCELLED","message":"nobody was listening"})"));
}

TEST_F(TopicCallsTest, GoesOnWhenSomebodyComesBackInTime) {
  policy_.linger = absl::Milliseconds(300);
  Start();
  std::shared_ptr<BackendCall> call;
  Joined joined = JoinStarted(&call);
  joined.lease.reset();
  joined = Join().Await().value();
  const absl::Time left_at = absl::Now();
  joined.lease.reset();
  EXPECT_TRUE(call->AwaitCancelled());
  EXPECT_GE(absl::Now() - left_at, policy_.linger);
}

TEST_F(TopicCallsTest, WhoComesWhileItLeavesBeginsTheNext) {
  policy_.linger = absl::ZeroDuration();
  Start();
  std::shared_ptr<BackendCall> call;
  Joined joined = JoinStarted(&call);
  log_.GoAway();  // the call's end cannot be stored
  joined.lease.reset();
  EXPECT_TRUE(call->AwaitCancelled());
  ASSERT_TRUE(Eventually([&] { return log_.refused() >= 1; }));
  policy_.linger = absl::Seconds(10);
  Joiner next = Join();
  EXPECT_FALSE(Running());
  log_.ComeBack();
  const auto second = backend_->AwaitCall();
  second->Write(Word("a"));
  EXPECT_EQ(next.Await().value().starts_at.offset, 1u);
  AwaitData("chat", 2);
  EXPECT_THAT(Data("chat", 1), ElementsAre(WordJson("a")));
}

TEST_F(TopicCallsTest, ServesHundredsOfTopicsAtOnce) {
  constexpr int kTopics = 300;
  constexpr int kWords = 20;
  const std::vector<std::string> words = [&] {
    std::vector<std::string> all;
    for (int i = 0; i < kWords; ++i) all.push_back(Word(absl::StrCat(i)));
    return all;
  }();
  backend_->OnCall([&](BackendCall& call) {
    for (const std::string& word : words) call.Write(word);
    call.Finish(grpc::Status::OK);
  });
  Start();
  std::vector<Joiner> joiners;
  for (int i = 0; i < kTopics; ++i) {
    joiners.push_back(Join(absl::StrCat("chat/", i)));
    joiners.push_back(Join(absl::StrCat("chat/", i)));
  }
  for (Joiner& joiner : joiners) ASSERT_TRUE(joiner.Await().ok());
  for (int i = 0; i < kTopics; ++i) {
    const std::string topic = absl::StrCat("chat/", i);
    // (A joiner that came after the first answer's end had another.)
    std::vector<std::string> data;
    ASSERT_TRUE(Eventually([&] {
      data = Data(topic);
      return !data.empty() && data.size() % (kWords + 1) == 0;
    }));
    for (size_t word = 0; word < data.size(); ++word) {
      const size_t at = word % (kWords + 1);
      ASSERT_EQ(data[word], at == kWords ? "(none)" : WordJson(absl::StrCat(at)));
    }
  }
  EXPECT_TRUE(Eventually([&] { return relay_->calls() == 0; }));
}

TEST_F(TopicCallsTest, TellsEverybodyThatTheBridgeStops) {
  Start();
  std::shared_ptr<BackendCall> call;
  const Joined joined = JoinStarted(&call);
  Joiner waiting = Join("other");
  const auto unanswered = backend_->AwaitCall();
  relay_->Stop();
  EXPECT_TRUE(absl::IsUnavailable(waiting.Await().status()));
  EXPECT_TRUE(absl::IsUnavailable(Join().Await().status()));
  EXPECT_THAT(Data("chat"),
              ElementsAre(R"({"code":"UNAVAILABLE","message":"the bridge is shutting down"})"));
  EXPECT_TRUE(call->AwaitCancelled());
  EXPECT_THAT(Data("other"), IsEmpty());
  relay_.reset();  // a lease may outlive it
}

TEST_F(TopicCallsTest, StopsWhileTheLogIsAway) {
  Start();
  std::shared_ptr<BackendCall> call;
  const Joined joined = JoinStarted(&call);
  log_.GoAway();
  call->Write(Word("a"));
  ASSERT_TRUE(Eventually([&] { return log_.refused() >= 1; }));
  relay_->Stop();
  EXPECT_EQ(relay_->calls(), 0u);
}

}  // namespace
}  // namespace sluice
