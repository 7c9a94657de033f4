// A log that is away, or that has several partitions, as clients meet it.
#include <atomic>

#include "tests/fakes/fake_clock.h"
#include "tests/fakes/forwarding_log.h"
#include "tests/fakes/partitioned_log.h"
#include "tests/http/http_fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class LogThatGoesAway final : public ForwardingLog {
 public:
  using ForwardingLog::ForwardingLog;
  absl::Status Health(Partition) const override {
    return away ? absl::UnavailableError("NATS is away") : absl::OkStatus();
  }
  std::atomic<bool> away{false};
};

class LogOutageTest : public HttpFixture {
 protected:
  ~LogOutageTest() override { Stop(); }

  LogThatGoesAway& StartOnOne(const std::function<void(Route&)>& change = [](Route&) {}) {
    memory_ = std::exchange(log_, nullptr);
    auto log = std::make_unique<LogThatGoesAway>(*memory_);
    LogThatGoesAway& away = *log;
    log_ = std::move(log);
    Route& told = AddRoute("/told/{id}", {"told/{id}"});
    told.is_public = true;
    told.log_unavailable_after = absl::Milliseconds(10);
    change(told);
    Start();
    return away;
  }

  std::unique_ptr<EventLog> memory_;
};

TEST_F(LogOutageTest, IsToldAsTheRouteHasIt) {
  LogThatGoesAway& log = StartOnOne([](Route& told) {
    auto view = std::make_shared<FrameView>();
    view->event_line = false;
    told.view = std::move(view);
    told.error = {"failed", R"({"error":"${message}"})"};
  });
  RawClient told = OpenStream("/told/1");
  log.away = true;
  const std::string text = told.ReadUntil("}\n\n");
  EXPECT_THAT(text, HasSubstr("\r\ndata: {\"error\":\"the event log is away: "));
  EXPECT_THAT(text, Not(HasSubstr("event: failed")));
}

// (The shard looks once a second.)
TEST_F(LogOutageTest, IsToldOnceToTheStreamsOfARouteThatAsksForItAndTheyGoOn) {
  LogThatGoesAway& log = StartOnOne();
  RawClient told = OpenStream("/told/1");
  RawClient patient = OpenStream("/open/1");
  log.away = true;
  constexpr char kError[] =
      "event: error\ndata: {\"code\":\"UNAVAILABLE\",\"message\":\"the event log is away: events "
      "are "
      "delayed, and follow on this stream\"}\n\n";
  EXPECT_THAT(told.ReadUntil("}\n\n"), HasSubstr(kError));
  // One that comes now is told too; by then the others were looked at once more.
  RawClient late = OpenStream("/told/1");
  EXPECT_THAT(late.ReadUntil("}\n\n"), HasSubstr(kError));
  Publish(MakeEvent("told/1", "it goes on"));
  Publish(MakeEvent("open/1", "here too"));
  EXPECT_THAT(told.ReadUntil("data: it goes on"), Not(HasSubstr("error")));
  EXPECT_THAT(patient.ReadUntil("data: here too"), Not(HasSubstr("error")));
  log.away = false;
}

TEST_F(LogOutageTest, TopicsOfTwoPartitionsAreRefusedOnOneStream) {
  FakeClock clock;
  log_ = std::make_unique<PartitionedLog>(2, clock);
  Start();
  const RawResponse refused = Get("/v1/events?topic=0/a&topic=0/b&topic=1/c", kGood);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("'0/a' and '1/c'"));
  EXPECT_EQ(Refusals(Reason::kBadRequest), 1u);
  OpenStream("/v1/events?topic=0/a&topic=0/b&token=good");
  Stop();
  log_.reset();
}

}  // namespace
}  // namespace sluice
