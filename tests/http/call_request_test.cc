// Requests for streams that a backend answers: what is asked, and what is refused.
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/text_format.h>

#include "tests/http/call_fixture.h"

namespace sluice {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::SizeIs;

class CallRequestTest : public CallFixture {
 protected:
  // How a call is answered that fails before its first word.
  RawResponse Fail(const absl::Status& status, std::string_view fields = "") {
    RawClient client = Connect();
    client.Get("/ask", fields);
    calls_.WaitForCall(++failed_)->End(status);
    return client.ReadResponse();
  }
  size_t failed_ = 0;
};

TEST_F(CallRequestTest, IsMadeOfParametersAndBody) {
  AddCall("/ask/{resume_token}");
  Start();
  const RawClient client = Post("/ask/abc?topics=a/1&token=x", "{\"topics\":[\"b/2\"]}");
  const auto call = calls_.WaitForCall();
  EXPECT_EQ(call->request.backend, "watcher");
  EXPECT_EQ(call->request.method, kMethod);
  EXPECT_THAT(call->request.message, AllOf(HasSubstr("\x0a\x03"
                                                     "a/1"),
                                           HasSubstr("\x12\x03"
                                                     "abc"),
                                           SizeIs(10)));
}

TEST_F(CallRequestTest, NamesTheFieldThatIsBad) {
  AddCall("/ask");
  Start();
  const RawResponse response = Post("/ask", "{\"nothing\":1}").ReadResponse();
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("nothing"));
  EXPECT_EQ(calls_.count(), 0u);
}

TEST_F(CallRequestTest, LooksForAMethodThatIsNotKnownYet) {
  AddCall("/ask").call->method = "acme.late.v1.Late/Ask";
  Start();
  EXPECT_EQ(Get("/ask").status, 503) << "nobody can find it";
  const auto files = std::make_shared<google::protobuf::FileDescriptorSet>();
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"(
      file { name: 'late.proto' package: 'acme.late.v1'
             message_type { name: 'Question' } message_type { name: 'Answer' }
             service { name: 'Late' method { name: 'Ask' input_type: '.acme.late.v1.Question'
                       output_type: '.acme.late.v1.Answer' server_streaming: true } } })",
                                                            files.get()));
  schema_->SetFinder([&](const std::string& name, const std::function<void()>& done) {
    EXPECT_EQ(name, "acme.late.v1.Late/Ask");
    EXPECT_TRUE(schema_->Offer("backend late", files).ok());
    done();
  });
  RawClient client = Connect();
  client.Get("/ask");
  EXPECT_EQ(calls_.WaitForCall()->request.method, "acme.late.v1.Late/Ask");
}

TEST_F(CallRequestTest, TakesJsonOnly) {
  AddCall("/ask");
  Start();
  EXPECT_EQ(Post("/ask", "{}", "Content-Type: text/plain\r\n").ReadResponse().status, 415);
  EXPECT_EQ(Post("/ask", "{}", "").ReadResponse().status, 415);
  EXPECT_EQ(Post("/ask", "{").ReadResponse().status, 400);
  EXPECT_EQ(Post("/ask", std::string(65 * 1024, ' ')).ReadResponse().status, 413);
  EXPECT_EQ(calls_.count(), 0u);
  const RawClient empty = Post("/ask", "", "");
  calls_.WaitForCall(1);
  const RawClient json = Post("/ask", "{}", "Content-Type: Application/JSON; charset=utf-8\r\n");
  calls_.WaitForCall(2);
}

TEST_F(CallRequestTest, ServesTheRoutesMethods) {
  AddCall("/both");
  AddCall("/post").get = false;
  options_.cors.origins = {"https://a.example"};
  Start();
  const auto allowed = [this](std::string_view method, std::string_view target) {
    RawClient client = Connect();
    client.Send(std::string(method) + " " + std::string(target) +
                " HTTP/1.1\r\nHost: a\r\nOrigin: https://a.example\r\n\r\n");
    return client.ReadResponse();
  };
  EXPECT_EQ(allowed("GET", "/post").status, 405);
  EXPECT_EQ(allowed("GET", "/post").Field("Allow"), "POST, OPTIONS");
  EXPECT_EQ(allowed("PUT", "/both").Field("Allow"), "GET, HEAD, POST, OPTIONS");
  EXPECT_EQ(allowed("POST", "/open/1").Field("Allow"), "GET, HEAD, OPTIONS");
  EXPECT_EQ(allowed("OPTIONS", "/both").Field("Access-Control-Allow-Methods"), "GET, HEAD, POST");
  EXPECT_EQ(allowed("OPTIONS", "/post").Field("Access-Control-Allow-Methods"), "POST");
  RawClient client =
      Post("/post", "{}", "Content-Type: application/json\r\nOrigin: https://a.example\r\n");
  calls_.WaitForCall()->Start();
  EXPECT_EQ(client.ReadResponse().Field("Access-Control-Allow-Origin"), "https://a.example");
}

TEST_F(CallRequestTest, AnswersHeadWithoutACall) {
  AddCall("/ask");
  Start();
  RawClient client = Connect();
  client.Send("HEAD /ask HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadResponse(true).Field("Content-Type"), "text/event-stream");
  EXPECT_EQ(client.Get("/health").ReadResponse().status, 200);
  EXPECT_EQ(calls_.count(), 0u);
}

TEST_F(CallRequestTest, TurnsAFailureBeforeTheFirstWordIntoAStatus) {
  AddCall("/ask");
  Start();
  EXPECT_EQ(Fail(absl::UnauthenticatedError("who?")).status, 401);
  EXPECT_EQ(Fail(absl::PermissionDeniedError("no")).status, 403);
  EXPECT_EQ(Fail(absl::NotFoundError("")).status, 404);
  EXPECT_EQ(Fail(absl::InvalidArgumentError("q")).status, 400);
  EXPECT_EQ(Fail(absl::FailedPreconditionError("q")).status, 400);
  EXPECT_EQ(Fail(absl::OutOfRangeError("q")).status, 400);
  EXPECT_EQ(Fail(absl::AlreadyExistsError("q")).status, 409);
  EXPECT_EQ(Fail(absl::AbortedError("q")).status, 409);
  EXPECT_EQ(Fail(absl::UnimplementedError("q")).status, 501);
  EXPECT_EQ(Fail(absl::DeadlineExceededError("q")).status, 504);
  EXPECT_EQ(Fail(absl::CancelledError("q")).status, 502);
  EXPECT_EQ(Fail(absl::InternalError("q")).status, 502);
  for (const absl::Status& status :
       {absl::ResourceExhaustedError("q"), absl::UnavailableError("q")}) {
    const RawResponse response = Fail(status);
    EXPECT_EQ(response.status, absl::IsUnavailable(status) ? 503 : 429);
    EXPECT_THAT(response.Field("Retry-After"), MatchesRegex("[1-5]"));
    RawResponse browser = Fail(status, kFromEventSource);
    EXPECT_EQ(browser.status, 200);
    EXPECT_THAT(browser.body, MatchesRegex("retry: [0-9]+\n\n"));
  }
  EXPECT_EQ(Refusals(Reason::kBackendFailed), failed_);
}

TEST_F(CallRequestTest, RepeatsTheBackendsWordsToWhomTheyAreFor) {
  AddCall("/ask");
  Start();
  EXPECT_THAT(Fail(absl::NotFoundError("no room 7")).body, HasSubstr("no room 7"));
  EXPECT_THAT(Fail(absl::UnavailableError("10.0.0.7:9")).body, Not(HasSubstr("10.0.0.7")));
  EXPECT_THAT(Fail(absl::InternalError("stack trace")).body, Not(HasSubstr("stack")));
}

TEST_F(CallRequestTest, TakesAFailureRightBehindTheMetadataForAStatus) {
  AddCall("/ask");
  Start();
  RawClient client = Connect();
  client.Get("/ask");
  const auto call = calls_.WaitForCall();
  call->Start();
  call->End(absl::NotFoundError("no room 7"));
  EXPECT_EQ(client.ReadResponse().status, 404);
}

TEST_F(CallRequestTest, SendsItsHeadWithTheMetadataAlone) {
  AddCall("/ask");
  Start();
  RawClient client = Connect();
  client.Get("/ask");
  calls_.WaitForCall()->Start();
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(CallRequestTest, SendsItsHeadWhenTheBackendIsQuietForTooLong) {
  AddCall("/ask").call->header_wait = absl::Milliseconds(30);
  Start();
  RawClient client = Connect();
  client.Get("/ask");
  EXPECT_EQ(client.ReadResponse().status, 200);
  const auto call = calls_.WaitForCall();
  call->End(absl::NotFoundError("no room 7"));
  EXPECT_THAT(client.ReadAll(), HasSubstr("\"code\":\"NOT_FOUND\",\"message\":\"no room 7\""));
}

TEST_F(CallRequestTest, CancelsTheCallOfAClientThatDoesNotWaitForTheFirstWord) {
  AddCall("/ask");
  Start();
  {
    RawClient client = Connect();
    client.Get("/ask");
    calls_.WaitForCall();
  }
  calls_.WaitForCall()->WaitCancelled();
  EXPECT_EQ(Disconnects(Reason::kClientLeft), 1u);
}

TEST_F(CallRequestTest, GoesOnWhenBytesComeBeforeTheFirstWord) {
  AddCall("/ask");
  Start();
  RawClient client = Connect();
  client.Get("/ask").Get("/health");
  calls_.WaitForCall()->End(absl::NotFoundError("q"));
  EXPECT_EQ(client.ReadResponse().status, 404);
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(CallRequestTest, AnEndedStreamIsNotCalledAgain) {
  AddCall("/ask");
  Start();
  EXPECT_EQ(Get("/ask", "Last-Event-ID: call-7.end\r\n").status, 204);
  EXPECT_EQ(Get("/ask?last_event_id=call-0.end").status, 204);
  EXPECT_EQ(calls_.count(), 0u);
}

TEST_F(CallRequestTest, RestartsOrRefusesInTheMiddle) {
  AddCall("/again");
  AddCall("/once").call->resume = CallPolicy::Resume::kRefuse;
  Start();
  const RawResponse refused = Get("/once", "Last-Event-ID: call-7\r\n");
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(Refusals(Reason::kNotResumable), 1u);
  RawClient client = Connect();
  client.Get("/again", "Last-Event-ID: call-7\r\n");
  calls_.WaitForCall()->Start();
  EXPECT_EQ(client.ReadResponse().status, 200);
}

TEST_F(CallRequestTest, IsNotMadeWithoutAccess) {
  AddCall("/ask").is_public = false;
  Start();
  EXPECT_EQ(Get("/ask").status, 401);
  EXPECT_EQ(calls_.count(), 0u);
}

class OnDemandTest : public CallFixture {
 protected:
  OnDemandTest() {
    Route& route = AddCall("/chat/{resume_token}");
    route.topics = {"chat/{resume_token}"};
    route.call->mode = CallPolicy::Mode::kOnDemand;
    held_ = std::make_shared<int>(0);
  }
  static std::string Id(EventId id) { return "Last-Event-ID: " + FormatEventId(id) + "\r\n"; }

  std::shared_ptr<int> held_;
};

TEST_F(OnDemandTest, StartsWhereTheAnswerBegins) {
  Start();
  Publish(MakeEvent("chat/7", "before"));
  calls_.answer = Joined{{kEpoch, 1, false}, held_};
  Publish(MakeEvent("chat/7", "first"));
  RawClient client = Connect();
  EXPECT_EQ(client.Get("/chat/7").ReadResponse().status, 200);
  EXPECT_THAT(client.ReadUntil("data: first\n\n"), Not(HasSubstr("before")));
  EXPECT_THAT(calls_.joins, ElementsAre("chat/7"));
  EXPECT_THAT(calls_.waits, ElementsAre(absl::Seconds(20)));
}

TEST_F(OnDemandTest, HoldsTheCallForAsLongAsItReads) {
  Start();
  calls_.answer = Joined{{kEpoch, 0, false}, held_};
  {
    RawClient client = Connect();
    EXPECT_EQ(client.Get("/chat/7").ReadResponse().status, 200);
    calls_.answer = absl::UnavailableError("");
    EXPECT_GT(held_.use_count(), 1);
  }
  while (held_.use_count() > 1) std::this_thread::yield();
}

TEST_F(OnDemandTest, RefusesWhenTheCallFailsBeforeItsFirstWord) {
  Start();
  EXPECT_EQ(Get("/chat/7").status, 503);
  calls_.answer = absl::NotFoundError("no chat 7");
  const RawResponse response = Get("/chat/7");
  EXPECT_EQ(response.status, 404);
  EXPECT_THAT(response.body, HasSubstr("no chat 7"));
}

TEST_F(OnDemandTest, DoesNotWaitWhereThereIsAConnectEvent) {
  routes_.back().connect.enabled = true;
  Start();
  calls_.answer = Joined{{kEpoch, 0, false}, held_};
  OpenStream("/chat/7");
  EXPECT_THAT(calls_.waits, ElementsAre(absl::ZeroDuration()));
}

TEST_F(OnDemandTest, ResumesFromTheLogWithoutACall) {
  Start();
  const EventId first = Publish(MakeEvent("chat/7", "first"));
  const EventId end = Publish(Ending(MakeEvent("chat/7", "bye")));
  RawClient client = Connect();
  EXPECT_EQ(client.Get("/chat/7", Id(first)).ReadResponse().status, 200);
  EXPECT_THAT(client.ReadAll(), HasSubstr("data: bye\n\n"));
  EXPECT_EQ(Get("/chat/7", Id({kEpoch, end.offset, true})).status, 204);
  EXPECT_TRUE(calls_.joins.empty());
}

TEST_F(OnDemandTest, ResumesWithTheCallThatRuns) {
  Start();
  const EventId first = Publish(MakeEvent("chat/7", "first"));
  calls_.running = Joined{{kEpoch, 0, false}, held_};
  RawClient client = Connect();
  EXPECT_EQ(client.Get("/chat/7", Id(first)).ReadResponse().status, 200);
  Publish(MakeEvent("chat/7", "second"));
  EXPECT_THAT(client.ReadUntil("data: second\n\n"), Not(HasSubstr("first")));
  EXPECT_TRUE(calls_.joins.empty());
}

TEST_F(OnDemandTest, StartsACallWhenTheLogHasNothingMore) {
  Start();
  const EventId first = Publish(MakeEvent("chat/7", "first"));
  calls_.answer = Joined{first, held_};
  EXPECT_EQ(Get("/chat/7", Id(first)).status, 200);
  EXPECT_THAT(calls_.joins, ElementsAre("chat/7"));
}

TEST_F(OnDemandTest, StartsAnewWithAnIdOfAnotherLog) {
  Start();
  calls_.answer = Joined{{kEpoch, 0, false}, held_};
  Publish(MakeEvent("chat/7", "first"));
  RawClient client = Connect();
  client.Get("/chat/7", Id({kEpoch + 1, 5, false}));
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_THAT(client.ReadUntil("data: first\n\n"), Not(HasSubstr("gap")));
}

}  // namespace
}  // namespace sluice
