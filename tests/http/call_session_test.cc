// A stream of what a backend answers to one request.
#include <future>

#include "tests/http/call_fixture.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class CallSessionTest : public CallFixture {
 protected:
  // A stream whose backend has said its first word.
  RawClient Open(std::string_view target, std::string_view first = "1") {
    RawClient client = Connect();
    client.Get(target);
    call_ = calls_.WaitForCall(++opened_);
    call_->Say(Said(std::string(first)));
    EXPECT_EQ(client.ReadResponse().status, 200);
    return client;
  }
  size_t opened_ = 0;
  std::shared_ptr<ScriptedCall> call_;
};

TEST_F(CallSessionTest, RelaysWhatTheBackendSaysAndEndsWithAnId) {
  AddCall("/ask");
  Start();
  RawClient client = Open("/ask");
  EXPECT_THAT(client.ReadUntil("data: 1\n\n"), HasSubstr("id: call-0\n\n"));
  call_->Say(Said("2"));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("event: word\nid: call-2\ndata: 2\n\n"));
  call_->End(absl::OkStatus());
  EXPECT_THAT(client.ReadAll(),
              AllOf(HasSubstr("\r\nid: call-2.end\n\n"), ::testing::EndsWith("0\r\n\r\n")));
  call_->WaitCancelled();
  EXPECT_EQ(Disconnects(Reason::kClientLeft), 0u);
}

TEST_F(CallSessionTest, SendsTheRoutesDoneEvent) {
  AddCall("/ask").call->done = EventTemplate{"finish", "{}"};
  Start();
  RawClient client = Open("/ask");
  call_->End(absl::OkStatus());
  EXPECT_THAT(client.ReadAll(), HasSubstr("event: finish\nid: call-2.end\ndata: {}\n\n"));
}

TEST_F(CallSessionTest, TellsOfAFailureInTheRoutesForm) {
  AddCall("/ask").call->error = EventTemplate{"broken", "{\"why\":\"${code}: ${message}\"}"};
  Start();
  RawClient client = Open("/ask");
  call_->End(absl::ResourceExhaustedError("out of \"words\""));
  EXPECT_THAT(client.ReadAll(),
              HasSubstr("event: broken\nid: call-2.end\n"
                        "data: {\"why\":\"RESOURCE_EXHAUSTED: out of \\\"words\\\"\"}\n\n"));
}

TEST_F(CallSessionTest, EndsWithAnEventThatEndsTheStream) {
  AddCall("/ask").call->done = EventTemplate{"done", "{}"};
  Start();
  RawClient client = Open("/ask");
  call_->Say(Ending(Said("bye")));
  EXPECT_THAT(client.ReadAll(),
              AllOf(HasSubstr("id: call-2.end\ndata: bye\n\n"), Not(HasSubstr("event: done"))));
  call_->WaitCancelled();
}

TEST_F(CallSessionTest, SendsNoIdsWhereTheRouteHasThemOff) {
  Route& route = AddCall("/ask");
  FrameView view;
  view.ids = IdLine::kOff;
  route.view = std::make_shared<const FrameView>(std::move(view));
  Start();
  RawClient client = Open("/ask");
  call_->End(absl::OkStatus());
  EXPECT_THAT(client.ReadAll(),
              AllOf(HasSubstr("event: word\ndata: 1\n\n"), Not(HasSubstr("id:"))));
}

TEST_F(CallSessionTest, SaysHelloBeforeTheBackendHasSaidAWord) {
  Route& route = AddCall("/ask");
  route.connect.enabled = true;
  route.retry_ms = 1500;
  Start();
  RawClient client = OpenStream("/ask");
  const auto call = calls_.WaitForCall();
  call->End(absl::UnavailableError("10.0.0.7:9 refused"));
  EXPECT_THAT(client.ReadAll(), AllOf(HasSubstr("event: error\nid: call-1.end\n"),
                                      HasSubstr("\"UNAVAILABLE\""), Not(HasSubstr("10.0.0.7"))));
}

TEST_F(CallSessionTest, CancelsTheCallWhenTheClientLeaves) {
  AddCall("/ask");
  Start();
  { const RawClient client = Open("/ask"); }
  call_->WaitCancelled();
}

TEST_F(CallSessionTest, AsksForTheNextResponseWhenTheSocketHasTakenTheLast) {
  AddCall("/ask");
  Start();
  RawClient client = Open("/ask");
  // More than the sockets hold: it stays with us, and nothing more is asked for.
  const std::string large(16 << 20, 'x');
  call_->Say(Said(large));
  std::promise<void> passed;
  boost::asio::post(hub_->shard(0).context(), [&] { passed.set_value(); });
  passed.get_future().wait();
  EXPECT_FALSE(call_->asked());
  EXPECT_THAT(client.ReadBytes(large.size()), HasSubstr("id: call-2\n"));
  call_->WaitAsked();
}

TEST_F(CallSessionTest, PassesOnlyWhatTheAuthorizerLetsThrough) {
  AddCall("/ask").is_public = false;
  authorizer_.On("limited").event_types = {"word"};
  Start();
  RawClient client = Connect();
  client.Get("/ask?token=limited");
  const auto call = calls_.WaitForCall();
  call->Say(MakeEvent("", "secret", "thought"));
  call->Say(Said("open"));
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_THAT(client.ReadUntil("data: open\n\n"), Not(HasSubstr("secret")));
  EXPECT_EQ(authorizer_.questions().front().topics, std::vector<std::string>{std::string(kMethod)});
}

TEST_F(CallSessionTest, LaysTheAuthorizersMasksOverWhatTheBackendSays) {
  AddCall("/ask").is_public = false;
  authorizer_.On("narrow").masks = *FieldMasks::Make({{"*", {"shown"}}});
  Start();
  RawClient client = Open("/ask?token=narrow", R"({"shown":1,"hidden":2})");
  EXPECT_THAT(client.ReadUntil("}\n\n"),
              HasSubstr("event: word\nid: call-1\ndata: {\"shown\":1}\n"));
  call_->End(absl::ResourceExhaustedError("gone"));
  // What the bridge itself says is no payload.
  EXPECT_THAT(client.ReadAll(), HasSubstr("\"code\":\"RESOURCE_EXHAUSTED\""));
}

TEST_F(CallSessionTest, IsKeptAliveWhileTheBackendIsQuiet) {
  HeartbeatPolicy policy;
  policy.interval = absl::Milliseconds(20);
  AddCall("/ask").heartbeat = std::make_shared<const HeartbeatPolicy>(policy);
  Start();
  RawClient client = Open("/ask");
  client.ReadUntil("data: 1\n\n");
  EXPECT_THAT(client.ReadUntil(": heartbeat\n\n"), Not(HasSubstr("id:")));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr(": heartbeat\n\n"));
}

TEST_F(CallSessionTest, EndsWithItsAuthorization) {
  AddCall("/ask").is_public = false;
  authorizer_.On("short").expires_at = Clock::System().Now() + absl::Milliseconds(200);
  Start();
  RawClient client = Connect();
  client.Get("/ask?token=short");
  const auto call = calls_.WaitForCall();
  call->Say(Said("1"));
  EXPECT_THAT(client.ReadAll(), HasSubstr("the authorization has expired"));
  call->WaitCancelled();
}

TEST_F(CallSessionTest, IsCountedDescribedAndDrainedWithTheOthers) {
  AddCall("/ask");
  Start();
  RawClient client = Open("/ask");
  std::promise<SubscriberDescription> described;
  boost::asio::post(hub_->shard(0).context(), [&] {
    hub_->shard(0).ForEachSubscriber(
        [&](const Subscriber& subscriber) { described.set_value(subscriber.Describe()); });
    hub_->shard(0).Drain(1000);
  });
  const SubscriberDescription description = described.get_future().get();
  EXPECT_EQ(description.topics, std::vector<std::string>{std::string(kMethod)});
  EXPECT_EQ(description.transport, "http");
  EXPECT_THAT(client.ReadAll(), HasSubstr("retry: "));
  call_->WaitCancelled();
}

TEST_F(CallSessionTest, AnswersHttp10WithoutChunks) {
  AddCall("/ask");
  Start();
  RawClient client = Connect();
  client.Send("GET /ask HTTP/1.0\r\n\r\n");
  const auto call = calls_.WaitForCall();
  call->Say(Said("1"));
  call->End(absl::OkStatus());
  EXPECT_EQ(client.ReadResponse().Field("Transfer-Encoding"), "");
  EXPECT_EQ(client.ReadAll(),
            "id: call-0\n\nevent: word\nid: call-1\ndata: 1\n\nid: call-1.end\n\n");
}

}  // namespace
}  // namespace sluice
