// Fleets on a real NATS server, and what every fleet has to do.
#include "bridge/fleet/nats_fleet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <chrono>
#include <future>
#include <optional>
#include <thread>

#include "boost/asio/io_context.hpp"
#include "bridge/base/metrics.h"
#include "bridge/event_log/memory/memory_event_log.h"
#include "bridge/fleet/fleet_message.h"
#include "bridge/fleet/local_fleet.h"
#include "bridge/hub/attendance.h"
#include "bridge/hub/hub.h"
#include "bridge/nats/nats_connection.h"
#include "tests/fakes/fake_clock.h"
#include "tests/nats/nats_server.h"

namespace sluice {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr auto kWithin = std::chrono::seconds(30);

// Until something is so, however long the machine takes.
bool Eventually(const std::function<bool()>& is_so) {
  const auto late = std::chrono::steady_clock::now() + kWithin;
  while (!is_so()) {
    if (std::chrono::steady_clock::now() > late) return false;
    std::this_thread::yield();
  }
  return true;
}

// A stream that is open until it is ended.
class Stream final : public Subscriber {
 public:
  Stream(Shard& shard, SubscriberDescription is) : is_(std::move(is)), attendance_(shard, *this) {}

  void OnReady() override {}
  void OnHeartbeat(const FramePtr&) override {}
  void OnTick(absl::Time) override {}
  void OnDrain(Reason, uint32_t) override {}
  void OnCut(Reason) override {}
  bool OnDisconnect(DisconnectedBy by) override {
    if (ended_by != 0) return false;
    ended_by = by == DisconnectedBy::kOperator ? 1 : 2;
    return true;
  }
  void OnDoubt(absl::Time, absl::Duration) override { ++doubts; }
  SubscriberDescription Describe() const override { return is_; }

  std::atomic<int> ended_by{0};
  std::atomic<int> doubts{0};

 private:
  const SubscriberDescription is_;
  const Attendance attendance_;
};

// A bridge without its doors.
class Bridge {
 public:
  explicit Bridge(const std::string& name, std::optional<FleetOptions> options = std::nullopt)
      : log_(MakeMemoryEventLog({}, clock_)), hub_(2, {}, *log_, clock_, metrics_) {
    log_->Start(&hub_);
    hub_.Start();
    if (options) {
      fleet_ = MakeNatsFleet(*options, {.node = &node_,
                                        .hub = &hub_,
                                        .disconnects = &disconnects_,
                                        .revocations = &revocations_,
                                        .metrics = &metrics_});
    } else {
      fleet_ = std::make_unique<LocalFleet>(node_);
    }
    const absl::Status joined = fleet_->Join(name);
    EXPECT_TRUE(joined.ok()) << joined;
  }
  ~Bridge() {
    fleet_->Leave();
    OnShard([this] { streams_.clear(); });
    hub_.Stop();
  }

  Stream& Open(const std::string& id, const std::string& subject, const std::string& topic) {
    Stream* opened = nullptr;
    OnShard([&] {
      streams_.push_back(std::make_unique<Stream>(
          hub_.shard(0), SubscriberDescription{.id = id, .subject = subject, .topics = {topic}}));
      opened = streams_.back().get();
    });
    return *opened;
  }

  FleetAnswer Ask(fleet::v1::Question question, Scope scope = Scope::kFleet) {
    std::promise<FleetAnswer> answer;
    fleet_->Ask(std::move(question), scope,
                [&](FleetAnswer said) { answer.set_value(std::move(said)); });
    auto coming = answer.get_future();
    if (coming.wait_for(kWithin) != std::future_status::ready) {
      ADD_FAILURE() << "no answer";
      std::abort();
    }
    return coming.get();
  }
  FleetAnswer Stats() {
    fleet::v1::Question question;
    question.mutable_stats();
    return Ask(std::move(question));
  }
  FleetAnswer Disconnect(const std::string& subject) {
    fleet::v1::Question question;
    question.mutable_revocation()->set_subject(subject);
    return Ask(std::move(question));
  }
  void TakeBack(const std::string& subject) {
    std::promise<void> done;
    fleet_->disconnects().Disconnect({.subject = subject}, DisconnectedBy::kAuthorizer,
                                     [&](uint64_t) { done.set_value(); });
    done.get_future().wait();
  }
  bool Knows(size_t others) {
    const auto state = fleet_->State();
    return state && state->reached.ok() && state->others.size() == others;
  }
  bool HitsSince(Revocations::Moment moment, const std::string& subject) {
    const std::vector<std::string> topics = {"room/1"};
    return revocations_.AnySince(moment, subject, topics);
  }

  FakeClock clock_;
  Metrics metrics_;
  std::unique_ptr<EventLog> log_;
  Revocations revocations_;
  Hub hub_;
  LocalDisconnects disconnects_{hub_, revocations_};
  const Node node_{{.hub = &hub_,
                    .log = log_.get(),
                    .disconnects = &disconnects_,
                    .clock = &clock_,
                    .metrics = &metrics_,
                    .started_at = clock_.Now(),
                    .version = "1.2.3"}};
  std::unique_ptr<Fleet> fleet_;

 private:
  void OnShard(const std::function<void()>& task) {
    std::promise<void> done;
    boost::asio::post(hub_.shard(0).context(), [&] {
      task();
      done.set_value();
    });
    done.get_future().wait();
  }

  std::vector<std::unique_ptr<Stream>> streams_;
};

FleetOptions OptionsFor(const NatsServer& server, const std::string& subject = "test.fleet") {
  FleetOptions options;
  options.nats.servers = {server.address()};
  options.nats.backoff_max = absl::Milliseconds(200);
  options.subject = subject;
  options.presence_every = absl::Milliseconds(100);
  options.members.silent_after = absl::Seconds(2);
  return options;
}

uint64_t Ended(const FleetAnswer& answer) {
  uint64_t ended = 0;
  for (const MemberAnswer& of : answer.members) ended += of.answer.disconnected();
  return ended;
}

// What a fleet does for the bridge itself, whichever it is.
class FleetContract : public testing::TestWithParam<bool> {
 protected:
  FleetContract() {
    if (GetParam()) {
      server_.emplace();
      bridge_.emplace("a", OptionsFor(*server_));
    } else {
      bridge_.emplace("a");
    }
    EXPECT_TRUE(Eventually([&] { return !GetParam() || bridge_->Knows(0); }));
  }

  std::optional<NatsServer> server_;
  std::optional<Bridge> bridge_;
};

TEST_P(FleetContract, AnswersForTheBridgeItself) {
  bridge_->Open("x-1", "ada", "room/1");
  const FleetAnswer answer = bridge_->Stats();
  EXPECT_TRUE(answer.reached.ok()) << answer.reached;
  ASSERT_THAT(answer.members, SizeIs(1));
  EXPECT_TRUE(answer.members[0].status.ok());
  EXPECT_EQ(answer.members[0].answer.stats().subscribers(), 1u);
  EXPECT_EQ(answer.members[0].answer.stats().version(), "1.2.3");
  fleet::v1::Question question;
  question.mutable_subscribers()->set_subject("ada");
  for (const Scope scope : {Scope::kHere, Scope::kFleet}) {
    const FleetAnswer list = bridge_->Ask(question, scope);
    ASSERT_THAT(list.members, SizeIs(1));
    EXPECT_EQ(list.members[0].answer.subscribers().subscribers(0).subscriber_id(), "x-1");
  }
}

TEST_P(FleetContract, EndsStreamsAndVoidsAnswersOfBefore) {
  Stream& ada = bridge_->Open("x-1", "ada", "room/1");
  Stream& bob = bridge_->Open("x-2", "bob", "room/1");
  const Revocations::Moment before = bridge_->revocations_.Now();
  EXPECT_EQ(Ended(bridge_->Disconnect("ada")), 1u);
  EXPECT_EQ(ada.ended_by, 1);
  EXPECT_EQ(bob.ended_by, 0);
  EXPECT_TRUE(bridge_->HitsSince(before, "ada"));
  EXPECT_FALSE(bridge_->HitsSince(before, "bob"));
  bridge_->TakeBack("bob");
  EXPECT_EQ(bob.ended_by, 2);
}

TEST_P(FleetContract, AnswersOnceItWasLeft) {
  bridge_->Open("x-1", "ada", "room/1");
  bridge_->fleet_->Leave();
  const FleetAnswer answer = bridge_->Disconnect("ada");
  EXPECT_EQ(Ended(answer), 1u);
  EXPECT_EQ(answer.reached.ok(), !GetParam()) << "nobody else was told";
}

INSTANTIATE_TEST_SUITE_P(Fleet, FleetContract, testing::Bool(),
                         [](const auto& kind) { return kind.param ? "nats" : "local"; });

class NatsFleetTest : public testing::Test {
 protected:
  NatsFleetTest() {
    EXPECT_TRUE(Eventually([&] { return a_.Knows(1) && b_.Knows(1); }));
  }

  NatsServer server_;
  Bridge a_{"a", OptionsFor(server_)};
  Bridge b_{"b", OptionsFor(server_)};
};

TEST_F(NatsFleetTest, AsksEveryMember) {
  a_.Open("x-1", "ada", "room/1");
  b_.Open("x-2", "ada", "room/2");
  for (Bridge* asked : {&a_, &b_}) {
    const FleetAnswer answer = asked->Stats();
    EXPECT_TRUE(answer.reached.ok());
    EXPECT_FALSE(answer.alone);
    ASSERT_THAT(answer.members, SizeIs(2));
    for (const MemberAnswer& of : answer.members) {
      EXPECT_TRUE(of.status.ok()) << of.status;
      EXPECT_EQ(of.answer.stats().subscribers(), 1u);
    }
    EXPECT_EQ(answer.members[0].member.name(), asked == &a_ ? "a" : "b") << "the asked one first";
  }
}

TEST_F(NatsFleetTest, DisconnectsAtEveryMember) {
  Stream& here = a_.Open("x-1", "ada", "room/1");
  Stream& there = b_.Open("x-2", "ada", "room/2");
  Stream& other = b_.Open("x-3", "bob", "room/2");
  const Revocations::Moment before = b_.revocations_.Now();
  const FleetAnswer answer = a_.Disconnect("ada");
  EXPECT_TRUE(answer.reached.ok());
  ASSERT_THAT(answer.members, SizeIs(2));
  EXPECT_EQ(answer.members[0].answer.disconnected(), 1u);
  EXPECT_EQ(answer.members[1].answer.disconnected(), 1u);
  EXPECT_EQ(here.ended_by, 1);
  EXPECT_EQ(there.ended_by, 1);
  EXPECT_EQ(other.ended_by, 0);
  EXPECT_TRUE(b_.HitsSince(before, "ada"));
  EXPECT_EQ(b_.metrics_.revocations_told, 1u);
}

TEST_F(NatsFleetTest, TellsWhatAnAuthorizerTakesBack) {
  Stream& there = b_.Open("x-2", "ada", "room/2");
  a_.TakeBack("ada");
  EXPECT_TRUE(Eventually([&] { return there.ended_by == 2; }));
}

TEST_F(NatsFleetTest, TellsThatEverythingIsTakenBack) {
  Stream& there = b_.Open("x-2", "ada", "room/2");
  a_.TakeBack("");
  EXPECT_TRUE(Eventually([&] { return there.ended_by == 2; }));
}

TEST_F(NatsFleetTest, VoidsAnswersEverywhereOfAStreamThatIsNamedByItsId) {
  Stream& there = b_.Open("x-2", "ada", "room/1");
  Stream& other = a_.Open("x-3", "ada", "room/1");
  const Revocations::Moment before = a_.revocations_.Now();
  fleet::v1::Question question;
  question.mutable_revocation()->set_subscriber_id("x-2");
  EXPECT_EQ(Ended(a_.Ask(std::move(question))), 1u);
  EXPECT_EQ(there.ended_by, 1);
  EXPECT_TRUE(Eventually([&] { return a_.HitsSince(before, "ada"); }));
  EXPECT_EQ(other.ended_by, 0) << "only the one that was named";
}

TEST_F(NatsFleetTest, SaysSoWhileNatsIsAwayAndTellsTheOthersWhenItIsBack) {
  Stream& here = a_.Open("x-1", "ada", "room/1");
  Stream& there = b_.Open("x-2", "ada", "room/2");
  server_.Kill();
  ASSERT_TRUE(Eventually([&] { return !a_.fleet_->State()->reached.ok(); }));
  const FleetAnswer answer = a_.Disconnect("ada");
  EXPECT_THAT(std::string(answer.reached.message()), HasSubstr("NATS is away"));
  EXPECT_EQ(Ended(answer), 1u);
  EXPECT_EQ(here.ended_by, 1);
  EXPECT_EQ(there.ended_by, 0);
  server_.Start();
  EXPECT_TRUE(Eventually([&] { return there.ended_by == 1; }));
  EXPECT_EQ(there.doubts, 0) << "it is known what was missed";
}

TEST_F(NatsFleetTest, HandsOnWhatWasTakenBackToOneThatComesLater) {
  a_.TakeBack("ada");
  ASSERT_TRUE(Eventually([&] { return b_.metrics_.revocations_told == 1u; }));
  a_.fleet_->Leave();  // b_ alone has it now
  Bridge late("late", OptionsFor(server_));
  const Revocations::Moment before = late.revocations_.Now();
  Stream& stream = late.Open("x-9", "ada", "room/1");
  EXPECT_TRUE(Eventually([&] { return stream.ended_by == 2 || late.HitsSince(before, "ada"); }));
}

TEST_F(NatsFleetTest, DoubtsEverythingWhereItWasAwayForTooLong) {
  FleetOptions options = OptionsFor(server_);
  options.revocations_kept = absl::ZeroDuration();
  Bridge forgetful("forgetful", options);
  ASSERT_TRUE(Eventually([&] { return forgetful.Knows(2); }));
  Stream& stream = forgetful.Open("x-1", "ada", "room/1");
  server_.Kill();
  ASSERT_TRUE(Eventually([&] { return !forgetful.fleet_->State()->reached.ok(); }));
  server_.Start();
  EXPECT_TRUE(Eventually([&] { return stream.doubts > 0; }));
}

TEST_F(NatsFleetTest, NoticesAServerThatStandsStill) {
  FleetOptions options = OptionsFor(server_);
  options.echo_within = absl::Milliseconds(500);
  Bridge c("c", options);
  ASSERT_TRUE(Eventually([&] { return c.Knows(2); }));
  server_.Freeze();  // the connection stays open
  EXPECT_TRUE(Eventually([&] { return !c.fleet_->State()->reached.ok(); }));
  EXPECT_THAT(std::string(c.Disconnect("ada").reached.message()), HasSubstr("has come back"));
  server_.Thaw();
  EXPECT_TRUE(Eventually([&] { return c.fleet_->State()->reached.ok(); }));
}

TEST_F(NatsFleetTest, ForgetsAMemberThatLeaves) {
  b_.fleet_->Leave();
  EXPECT_TRUE(Eventually([&] { return a_.Knows(0); }));
  EXPECT_THAT(a_.Stats().members, SizeIs(1));
}

TEST_F(NatsFleetTest, IsApartFromOthersOnTheSameServer) {
  Bridge other("other", OptionsFor(server_, "another.fleet"));
  ASSERT_TRUE(Eventually([&] { return other.Knows(0); }));
  EXPECT_THAT(other.Stats().members, SizeIs(1));
  EXPECT_THAT(a_.Stats().members, SizeIs(2));
}

TEST_F(NatsFleetTest, NamesAMemberThatDoesNotAnswer) {
  // One that only says that it is there.
  auto connection = *NatsConnection::Open(OptionsFor(server_).nats, {"nothing"},
                                          {.message = [](NatsMessage) {},
                                           .connected = [] {},
                                           .disconnected = [] {},
                                           .closed = [](std::string) {}});
  fleet::v1::Message message;
  message.set_version(kFleetVersion);
  message.mutable_from()->set_id("0123456789abcdef01234567");
  message.mutable_from()->set_name("mute");
  message.mutable_presence();
  ASSERT_TRUE(connection->Publish("test.fleet.all", "", {}, message.SerializeAsString()).ok());
  ASSERT_TRUE(Eventually([&] { return a_.Knows(2); }));
  const auto began = std::chrono::steady_clock::now();
  const FleetAnswer answer = a_.Disconnect("ada");
  EXPECT_LT(std::chrono::steady_clock::now() - began, std::chrono::seconds(10));
  EXPECT_TRUE(answer.reached.ok());
  ASSERT_THAT(answer.members, SizeIs(3));
  size_t missing = 0;
  for (const MemberAnswer& of : answer.members) {
    if (of.status.ok()) continue;
    ++missing;
    EXPECT_EQ(of.member.name(), "mute");
  }
  EXPECT_EQ(missing, 1u);
}

TEST_F(NatsFleetTest, BearsGarbage) {
  auto connection = *NatsConnection::Open(OptionsFor(server_).nats, {"nothing"},
                                          {.message = [](NatsMessage) {},
                                           .connected = [] {},
                                           .disconnected = [] {},
                                           .closed = [](std::string) {}});
  for (const std::string& bytes :
       {std::string(), std::string("garbage"), std::string(100'000, '\xff')}) {
    ASSERT_TRUE(connection->Publish("test.fleet.all", "", {}, bytes).ok());
  }
  EXPECT_THAT(a_.Stats().members, SizeIs(2));
  EXPECT_TRUE(a_.Stats().reached.ok());
}

TEST(NatsFleet, SaysWhenItMayNotBeThere) {
  NatsServer server;
  FleetOptions options = OptionsFor(server);
  options.nats.servers = {"nats://127.0.0.1:1"};
  Bridge bridge("a", options);
  const FleetAnswer answer = bridge.Stats();
  EXPECT_FALSE(answer.reached.ok());
  ASSERT_THAT(answer.members, SizeIs(1));
  EXPECT_TRUE(answer.members[0].status.ok());
}

}  // namespace
}  // namespace sluice
