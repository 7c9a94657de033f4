#include "bridge/hub/heartbeats.h"
#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

using testing::HasSubstr;

class Heartbeat : public HubFixture {
 protected:
  // Runs the shard, timers and all, until it is so.
  template <typename Condition>
  void RunUntil(Condition condition) {
    const absl::Time deadline = Clock::System().Now() + absl::Seconds(20);
    shard().context().restart();
    while (!condition() && Clock::System().Now() < deadline) {
      shard().context().run_one_for(std::chrono::milliseconds(50));
      shard().context().restart();
    }
    ASSERT_TRUE(condition());
  }
  std::shared_ptr<const HeartbeatPolicy> Policy(std::string event = "") {
    return std::make_shared<const HeartbeatPolicy>(
        HeartbeatPolicy{.interval = absl::Milliseconds(20),
                        .event = std::move(event),
                        .data = "{\"at\":\"${now}\"}"});
  }
};

TEST_F(Heartbeat, IsACommentWithTheShardsPosition) {
  Make();
  Reader reader(shard(), {.topics = {"a/1"}, .heartbeat = Policy()});
  Publish("elsewhere/1", "x");
  Publish("elsewhere/1", "y");
  RunUntil([&] { return !reader.heartbeats().empty(); });
  EXPECT_EQ(reader.heartbeats().front(), ": heartbeat\nid: " + Id(2) + "\n\n")
      << "a quiet client's id must not go stale";
}

TEST_F(Heartbeat, MayBeANamedEventWithTheMomentOfSending) {
  Make();
  Reader reader(shard(), {.topics = {"a/1"}, .heartbeat = Policy("ping")});
  RunUntil([&] { return !reader.heartbeats().empty(); });
  EXPECT_EQ(reader.heartbeats().front(),
            "event: ping\nid: " + Id(0) + "\ndata: {\"at\":\"2023-11-14T22:13:20.000Z\"}\n\n");
}

TEST_F(Heartbeat, HasNoIdWhereTheRouteSendsNone) {
  Make();
  const auto view = std::make_shared<const FrameView>(FrameView{.ids = IdLine::kOff});
  Reader reader(shard(), {.topics = {"a/1"}, .view = view, .heartbeat = Policy()});
  RunUntil([&] { return !reader.heartbeats().empty(); });
  EXPECT_EQ(reader.heartbeats().front(), ": heartbeat\n\n");
}

// Its id would jump over what the reader has not taken.
TEST_F(Heartbeat, NeverOvertakesAnEvent) {
  Make();
  Reader slow(shard(), {.topics = {"a/1"}, .heartbeat = Policy()});
  Reader other(shard(), {.topics = {"b/1"}, .heartbeat = Policy()});
  RunUntil([&] { return !slow.heartbeats().empty(); });
  slow.Stop();
  Publish("a/1", "not taken");
  const size_t before = slow.heartbeats().size();
  const size_t others = other.heartbeats().size();
  RunUntil([&] { return other.heartbeats().size() > others + 3; });
  EXPECT_EQ(slow.heartbeats().size(), before);
}

// What was published before the heartbeat is sent before it, even when the
// shard had not looked into its inbox yet.
TEST_F(Heartbeat, DrainsTheInboxBeforeItTellsItsPosition) {
  Make();
  Reader reader(shard(), {.topics = {"a/1"}});
  Run();
  Publish("a/1", "1");
  EXPECT_EQ(FormatEventId(shard().RefreshPosition(0)), Id(1));
  EXPECT_TRUE(reader.received().empty());
  EXPECT_NE(reader.subscription().state(), Subscription::State::kCaughtUp)
      << "it would get a heartbeat whose id covers what it has not got";
  Run();
  EXPECT_EQ(reader.data().size(), 1u);
}

TEST_F(Heartbeat, StopsWithItsSubscribers) {
  Make();
  const auto policy = Policy();
  auto reader =
      std::make_unique<Reader>(shard(), SubscriptionSpec{.topics = {"a/1"}, .heartbeat = policy});
  RunUntil([&] { return !reader->heartbeats().empty(); });
  reader.reset();
  Reader next(shard(), {.topics = {"a/1"}, .heartbeat = policy});
  RunUntil([&] { return next.heartbeats().size() >= 2; });
}

}  // namespace
}  // namespace sluice
