// 204: a client that comes back to a stream that has ended is told to stop.
#include "tests/http/http_fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;

class EndOfStreamTest : public HttpFixture {
 protected:
  static std::string Id(EventId id) { return "Last-Event-ID: " + FormatEventId(id) + "\r\n"; }
};

TEST_F(EndOfStreamTest, EndsWithTheEndFrameThenWith204) {
  options_.cors.origins = {"https://a.example"};
  Start();
  RawClient client = OpenStream("/open/1");
  Publish(Ending(MakeEvent("open/1", "bye")));
  EXPECT_THAT(client.ReadAll(), HasSubstr("id: 000000000000000e-1.end\ndata: bye\n\n"));

  RawClient again = Connect();
  again.Get("/open/1", Id({kEpoch, 1, true}) + "Origin: https://a.example\r\n");
  const RawResponse response = again.ReadResponse();
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(response.Field("Access-Control-Allow-Origin"), "https://a.example");
  EXPECT_EQ(response.Field("Content-Length"), "");
  EXPECT_EQ(Refusals(Reason::kEnded), 1u);
  // The connection goes on.
  EXPECT_EQ(again.Get("/health").ReadResponse().status, 200);
}

TEST_F(EndOfStreamTest, BeginsAgainWhenSomethingCame) {
  Start();
  const EventId end = Publish(Ending(MakeEvent("open/1", "bye")));
  Publish(MakeEvent("open/1", "again"));
  RawClient client = OpenStream("/open/1", Id({kEpoch, end.offset, true}));
  EXPECT_THAT(client.ReadUntil("\n\n"), HasSubstr("data: again\n"));
}

TEST_F(EndOfStreamTest, CountsOnlyWhatPassesTheFilter) {
  AddRoute("/stream/{id}/{message}", {"session/{id}"}).filter = {{"message", "{message}"}};
  authorizer_.On("limited").event_types = {"other"};
  Start();
  const EventId end = Publish(Ending(With(MakeEvent("session/1", "bye"), "message", "m1")));
  Publish(With(MakeEvent("session/1", "x"), "message", "m2"));
  const std::string id = Id({kEpoch, end.offset, true});
  EXPECT_EQ(Get("/stream/1/m1?token=good", id).status, 204);
  EXPECT_EQ(Get("/stream/1/m2?token=good", id).status, 200);
  EXPECT_EQ(Get("/stream/1/m2?token=limited", id).status, 204);
}

TEST_F(EndOfStreamTest, DoesNotBelieveAnIdThatIsNotOfThisLog) {
  Start();
  Publish(MakeEvent("open/1", "one"));
  EXPECT_EQ(Get("/open/1", Id({kEpoch + 1, 7, true})).status, 200);
  EXPECT_EQ(Get("/open/1", Id({kEpoch, 7, true})).status, 200);
  EXPECT_EQ(Get("/open/2", Id({kEpoch + 1, 7, true})).status, 204);
}

TEST_F(EndOfStreamTest, IsNeverAnsweredToAFirstContact) {
  Start();
  Publish(Ending(MakeEvent("open/1", "bye")));
  EXPECT_EQ(Get("/open/1").status, 200);
  EXPECT_EQ(Get("/open/1", Id({kEpoch, 1, false})).status, 200);
}

TEST_F(EndOfStreamTest, IsNotToldToWhomeverHasNoAccess) {
  Start();
  EXPECT_EQ(Get("/v1/user/1", Id({kEpoch, 1, true})).status, 401);
  EXPECT_EQ(Get("/v1/user/1?token=good", Id({kEpoch, 1, true})).status, 204);
}

}  // namespace
}  // namespace sluice
