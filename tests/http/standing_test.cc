// Streams whose access is asked about again, or taken back, while they run or begin.
#include <future>
#include <thread>

#include "bridge/hub/disconnecting.h"
#include "tests/http/call_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::Not;

class StandingStreamTest : public CallFixture {
 protected:
  StandingStreamTest() { context_.revocations = &revocations_; }
  ~StandingStreamTest() override { Stop(); }

  // All streams ask; what they are answered is set by `change`.
  template <typename Change>
  void AskAgain(Change change) {
    const size_t before = authorizer_.questions().size();
    authorizer_.Hold(true);
    hub_->Doubt(absl::Milliseconds(1));
    while (authorizer_.questions().size() == before) std::this_thread::yield();
    EXPECT_GT(authorizer_.questions().back().answered_after, absl::InfinitePast());
    change(authorizer_.On("good"));
    authorizer_.Hold(false);
    while (!authorizer_.idle()) std::this_thread::yield();
  }
  uint64_t Disconnect(Revocation revocation) {
    LocalDisconnects disconnects(*hub_, revocations_);
    std::promise<uint64_t> ended;
    disconnects.Disconnect(std::move(revocation), DisconnectedBy::kOperator,
                           [&](uint64_t count) { ended.set_value(count); });
    return ended.get_future().get();
  }

  Revocations revocations_;
};

TEST_F(StandingStreamTest, AStreamThatIsRefusedAnewEndsAndSaysWhy) {
  Start(2);
  RawClient client = OpenStream("/v1/user/1?token=good");
  AskAgain([](Decision& decision) {
    decision.verdict = Decision::Verdict::kForbidden;
    decision.reason = "you have left";
  });
  EXPECT_THAT(client.ReadUntil("\n\n"),
              AllOf(HasSubstr("event: error\n"), HasSubstr("\"code\":\"forbidden\""),
                    HasSubstr("you have left")));
  EXPECT_EQ(client.ReadAll(), "\r\n0\r\n\r\n");
}

TEST_F(StandingStreamTest, AStreamThatIsNarrowedGetsNoMoreThanThat) {
  Start();
  RawClient client = OpenStream("/v1/user/1?token=good");
  AskAgain([](Decision& decision) {
    decision.event_types = {"note"};
    decision.masks = FieldMasks::Make({{"note", {"id"}}}).value();
  });
  // Once more: when this is asked, the answer before it has been taken.
  AskAgain([](Decision&) {});
  Publish(MakeEvent("user/1", "{\"id\":1}", "secret"));
  Publish(MakeEvent("user/1", "{\"id\":2,\"name\":\"x\"}", "note"));
  EXPECT_THAT(client.ReadUntil("\n\n"), AllOf(HasSubstr("{\"id\":2}"), Not(HasSubstr("secret"))));
}

TEST_F(StandingStreamTest, AStreamWhoseAuthorizerIsAwayGoesOn) {
  Start();
  RawClient client = OpenStream("/v1/user/1?token=good");
  AskAgain([](Decision& decision) { decision.verdict = Decision::Verdict::kError; });
  Publish(MakeEvent("user/1", "still here"));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("data: still here\n"));
}

TEST_F(StandingStreamTest, AnAnswerForAStreamThatIsGoneMeansNothing) {
  Start();
  {
    RawClient client = OpenStream("/v1/user/1?token=good");
    authorizer_.Hold(true);
    hub_->Doubt(absl::Milliseconds(1));
    authorizer_.WaitForQuestion();
  }
  while (hub_->subscribers() > 0) std::this_thread::yield();
  authorizer_.Hold(false);
  EXPECT_EQ(Get("/v1/user/1?token=good").status, 200);
}

TEST_F(StandingStreamTest, AStreamThatIsSomebodyElsesEnds) {
  Start();
  RawClient client = OpenStream("/me?token=good");
  AskAgain([](Decision& decision) { decision.subject = "43"; });
  EXPECT_THAT(client.ReadAll(), Not(HasSubstr("event: error")));
  RawClient again = OpenStream("/me?token=good");
  Publish(MakeEvent("user/43", "mine"));
  EXPECT_THAT(again.ReadUntil("\n\n"), HasSubstr("data: mine\n"));
}

TEST_F(StandingStreamTest, AStreamThatIsTakenBackEnds) {
  Start(2);
  {
    RawClient one = OpenStream("/v1/user/1?token=good");
    RawClient other = OpenStream("/v1/user/2?token=good");
    RawClient open = OpenStream("/open/1");
    EXPECT_EQ(Disconnect({.subject = "42", .topic = "user/1"}), 1u);
    EXPECT_THAT(one.ReadAll(), HasSubstr("\"code\":\"disconnected\""));
    EXPECT_EQ(Disconnect({.subject = "42"}), 1u);
    EXPECT_THAT(other.ReadAll(), HasSubstr("\"code\":\"disconnected\""));
    EXPECT_EQ(Disconnect({.topic = "open/1"}), 1u);
    EXPECT_THAT(open.ReadAll(), HasSubstr("\"code\":\"disconnected\""));
  }
  while (hub_->subscribers() > 0) std::this_thread::yield();
  EXPECT_EQ(Disconnects(Reason::kDisconnected), 3u);
}

TEST_F(StandingStreamTest, AStreamThatWasTakenBackWhileItWasAskedAboutIsRefusedForNow) {
  Start();
  authorizer_.Hold(true);
  RawClient plain = Connect();
  plain.Get("/v1/user/1?token=good");
  authorizer_.WaitForQuestion();
  RawClient source = Connect();
  source.Get("/v1/user/2?token=good", kFromEventSource);
  while (authorizer_.questions().size() < 2) std::this_thread::yield();
  EXPECT_EQ(Disconnect({.subject = "42"}), 0u);
  authorizer_.Hold(false);
  EXPECT_EQ(plain.ReadResponse().status, 503);
  EXPECT_THAT(source.ReadAll(), HasSubstr("retry: "));
  EXPECT_EQ(Refusals(Reason::kDisconnected), 2u);
  EXPECT_EQ(Get("/v1/user/1?token=good").status, 200) << "anew";
}

TEST_F(StandingStreamTest, AStreamThatWasTakenBackWhileItsBackendWasSilentIsRefusedForNow) {
  AddCall("/ask").is_public = false;
  Start();
  RawClient client = Connect();
  client.Get("/ask?token=good");
  const auto call = calls_.WaitForCall();
  EXPECT_EQ(Disconnect({.subject = "42"}), 0u);
  call->Say(Said("1"));
  EXPECT_EQ(client.ReadResponse().status, 503);
  call->WaitCancelled();
}

TEST_F(StandingStreamTest, AStreamOfACallIsNarrowedAndTakenBackToo) {
  AddCall("/ask").is_public = false;
  Start();
  RawClient client = Connect();
  client.Get("/ask?token=good");
  const auto call = calls_.WaitForCall();
  call->Say(Said("1"));
  client.ReadUntil("data: 1\n\n");
  AskAgain([](Decision& decision) { decision.event_types = {"other"}; });
  AskAgain([](Decision&) {});
  call->Say(Said("2"));
  Event other = Said("3");
  other.type = "other";
  call->Say(std::move(other));
  EXPECT_THAT(client.ReadUntil("data: 3\n\n"), Not(HasSubstr("data: 2")));
  EXPECT_EQ(Disconnect({.subject = "42"}), 1u);
  EXPECT_THAT(client.ReadAll(), HasSubstr("\"code\":\"disconnected\""));
  call->WaitCancelled();
}

}  // namespace
}  // namespace sluice
