// What a stream's response looks like, and what comes on it.
#include <future>

#include "boost/asio/io_context.hpp"
#include "boost/asio/post.hpp"
#include "tests/http/http_fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using ::testing::Not;
using ::testing::StartsWith;

class StreamTest : public HttpFixture {};

TEST_F(StreamTest, SendsItsHeadBeforeAnyEvent) {
  Start();
  const RawResponse response = Get("/v1/conversation/42", kGood);
  EXPECT_THAT(response.head, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_EQ(response.Field("Content-Type"), "text/event-stream");
  EXPECT_EQ(response.Field("Cache-Control"), "no-cache, no-transform");
  EXPECT_EQ(response.Field("Connection"), "keep-alive");
  EXPECT_EQ(response.Field("X-Accel-Buffering"), "no");
  EXPECT_EQ(response.Field("Transfer-Encoding"), "chunked");
  EXPECT_EQ(response.Field("Content-Length"), "");
}

TEST_F(StreamTest, DeliversWhatIsPublished) {
  Start();
  RawClient client = OpenStream("/v1/conversation/42?token=good");
  Publish(MakeEvent("conversation/42", "{\"n\":1}"));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("event: note\nid: 000000000000000e-1\n"
                                                  "data: {\"n\":1}\n\n"));
}

TEST_F(StreamTest, DeliversSeveralTopicsOnOneConnection) {
  Start();
  RawClient client = OpenStream("/v1/events?topic=a%2F1&topic=b/2&topic=a/1&token=good");
  Publish(MakeEvent("a/1", "one"));
  Publish(MakeEvent("c/3", "other"));
  Publish(MakeEvent("b/2", "two"));
  EXPECT_THAT(client.ReadUntil("data: two\n\n"), Not(HasSubstr("other")));
}

TEST_F(StreamTest, AnswersHttp10WithoutChunks) {
  Start();
  RawClient client = Connect();
  const RawResponse response =
      client.Send("GET /open/1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").ReadResponse();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Field("Transfer-Encoding"), "");
  EXPECT_EQ(response.Field("Connection"), "close");
  Publish(MakeEvent("open/1", "one"));
  EXPECT_THAT(client.ReadUntil("data: one\n\n"), StartsWith("event: hello\n"));
}

TEST_F(StreamTest, AnswersHeadLikeGetWithoutAStream) {
  Start();
  RawClient client = Connect();
  client.Send("HEAD /open/1 HTTP/1.1\r\nHost: a\r\n\r\n");
  const RawResponse response = client.ReadResponse(true);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Field("Content-Type"), "text/event-stream");
  // The connection goes on.
  EXPECT_EQ(client.Get("/health").ReadResponse().status, 200);
}

TEST_F(StreamTest, ResumesAfterTheLastEventId) {
  Start();
  Publish(MakeEvent("open/1", "one"));
  Publish(MakeEvent("open/1", "two"));
  for (const char* target :
       {"/open/1?last_event_id=000000000000000e-1", "/open/1?lastEventId=000000000000000e-1"}) {
    RawClient client = OpenStream(target);
    EXPECT_THAT(client.ReadUntil("data: two\n\n"), Not(HasSubstr("data: one"))) << target;
  }
  // The header is newer than the URL.
  RawClient client = OpenStream("/open/1?last_event_id=000000000000000e-0",
                                "Last-Event-ID: 000000000000000e-1\r\n");
  EXPECT_THAT(client.ReadUntil("data: two\n\n"), Not(HasSubstr("data: one")));
}

TEST_F(StreamTest, RefusesALastEventIdThatCannotBeOne) {
  Start();
  EXPECT_EQ(Get("/open/1", "Last-Event-ID: " + std::string(256, 'a') + "\r\n").status, 200);
  EXPECT_EQ(Get("/open/1", "Last-Event-ID: " + std::string(257, 'a') + "\r\n").status, 400);
  EXPECT_EQ(Get("/open/1", "Last-Event-ID: \xc3\xbc\r\n").status, 400);
  EXPECT_EQ(Get("/open/1?last_event_id=a%0Ab").status, 400);
}

TEST_F(StreamTest, RefusesAClientThatTakesNoEventStream) {
  Start();
  EXPECT_EQ(Get("/open/1", "Accept: application/json\r\n").status, 406);
  EXPECT_EQ(Get("/open/1", "Accept: text/*\r\n").status, 200);
  EXPECT_EQ(Refusals(Reason::kNotAcceptable), 1u);
}

TEST_F(StreamTest, BoundsTheTopicsOfASubscriber) {
  options_.topics_per_subscriber_max = 2;
  Start();
  const RawResponse response = Get("/v1/events?topic=a&topic=b&topic=c", kGood);
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(response.body, HasSubstr("at most 2 topics"));
  EXPECT_EQ(Get("/v1/events?topic=a&topic=b&topic=a", kGood).status, 200);
  EXPECT_EQ(Get("/v1/events", kGood).status, 400);
}

TEST_F(StreamTest, DiscardsWhatFollowsItsRequest) {
  Start();
  RawClient client = Connect();
  client.Send("GET /open/1 HTTP/1.1\r\nHost: a\r\n\r\nGET /health HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(client.ReadResponse().status, 200);
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("event: hello\n"));
  Publish(MakeEvent("open/1", "one"));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("data: one\n"));
}

TEST_F(StreamTest, ClosesWhenTooMuchFollowsItsRequest) {
  Start();
  RawClient client = OpenStream("/open/1");
  client.Send(std::string(8192, 'x'));
  client.ReadAll();
  EXPECT_EQ(metrics_.disconnects[static_cast<size_t>(Reason::kClientSentBytes)].load(), 1u);
}

TEST_F(StreamTest, FiltersByTheRoutesAttributes) {
  AddRoute("/stream/{id}/{message}", {"session/{id}"}).filter = {{"message", "{message}"}};
  Start();
  RawClient client = OpenStream("/stream/1/m2?token=good");
  Publish(With(MakeEvent("session/1", "one"), "message", "m1"));
  Publish(With(MakeEvent("session/1", "two"), "message", "m2"));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("data: two\n"));
}

TEST_F(StreamTest, IsRefusedWhileDraining) {
  AddRoute("/always", {"open/1"}).is_public = true;
  routes_.back().refusal = RefusalStyle::kStream;
  Start();
  RawClient idle = Connect();
  RawClient late = Connect();
  RawClient browser = Connect();
  // Half a request: these are under way.
  late.Send("GET /open/1 HTTP/1.1\r\nHost: a\r\n");
  browser.Send("GET /open/1 HTTP/1.1\r\nHost: a\r\n");
  EXPECT_EQ(Get("/health").status, 200);  // so they are accepted
  server_->StopAccepting();
  EXPECT_TRUE(idle.Closed());
  const RawResponse response = late.Send("\r\n").ReadResponse();
  EXPECT_EQ(response.status, 503);
  EXPECT_THAT(response.Field("Retry-After"), MatchesRegex("[1-5]"));
  EXPECT_EQ(response.Field("Connection"), "close");
  browser.Send(kFromEventSource).Send("\r\n");
  EXPECT_THAT(browser.ReadAll(),
              MatchesRegex("HTTP/1.1 200 OK(.|\r|\n)*\r\n\r\nretry: [0-9]+\n\n"));
  EXPECT_EQ(Refusals(Reason::kDraining), 2u);
  EXPECT_FALSE(RawClient(server_->address()).connected());
}

TEST_F(StreamTest, TellsThoseWhoWaitToBeAcceptedToComeBack) {
  Start();
  std::promise<void> busy;
  boost::asio::post(hub_->shard(0).context(), [&] { busy.get_future().wait(); });
  RawClient client = Connect();
  client.Get("/open/1");
  server_->StopAccepting();
  busy.set_value();
  EXPECT_EQ(client.ReadResponse().status, 503);
}

}  // namespace
}  // namespace sluice
