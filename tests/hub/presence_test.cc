// Who is there: interest in topics, the closing of a topic's streams, and subscribers
// that read something else than topics.
#include "bridge/hub/attendance.h"
#include "bridge/hub/topic_interest.h"
#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Presence : public HubFixture {
 protected:
  void Watch(std::string topic) {
    hub_->interest().Watch(std::move(topic), [this](bool any) { told_.push_back(any); });
  }

  std::vector<bool> told_;
};

TEST_F(Presence, InterestIsToldWithTheFirstSubscriberAndWhenTheLastHasLeft) {
  Make();
  Watch("a/1");
  auto first = Latest({"a/1", "b/1"});
  auto second = Latest({"a/1"});
  EXPECT_THAT(told_, ElementsAre(true));
  first.reset();
  EXPECT_THAT(told_, ElementsAre(true));
  second.reset();
  EXPECT_THAT(told_, ElementsAre(true, false));
  const auto again = Latest({"a/1"});
  EXPECT_THAT(told_, ElementsAre(true, false, true));
}

TEST_F(Presence, InterestIsOneForAllShards) {
  Make({}, {}, 2);
  Watch("a/1");
  auto here = Latest({"a/1"}, 0);
  auto there = Latest({"a/1"}, 1);
  EXPECT_THAT(told_, ElementsAre(true));
  here.reset();
  EXPECT_THAT(told_, ElementsAre(true));
  there.reset();
  EXPECT_THAT(told_, ElementsAre(true, false));
}

TEST_F(Presence, NobodyIsToldOfTopicsThatAreNotWatched) {
  Make();
  Watch("a/1");
  const auto reader = Latest({"b/1"});
  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(Presence, ClosingATopicAsksItsSubscribersAloneToLeave) {
  Make({}, {}, 2);
  const auto here = Latest({"a/1"}, 0);
  const auto both = Latest({"b/1", "a/1"}, 0);
  const auto there = Latest({"a/1"}, 1);
  const auto other = Latest({"b/1"}, 0);
  hub_->CloseTopic("a/1", Reason::kBackendFailed, 1000);
  Run(0);
  Run(1);
  for (const Reader* reader : {here.get(), both.get(), there.get()}) {
    ASSERT_TRUE(reader->drained());
    EXPECT_EQ(reader->drained()->first, Reason::kBackendFailed);
    EXPECT_GE(reader->drained()->second, 1000u);
    EXPECT_LE(reader->drained()->second, 2000u);
  }
  EXPECT_FALSE(other->drained());
}

// Reads no topic.
class Guest final : public Subscriber {
 public:
  explicit Guest(Shard& shard) : attendance_(std::in_place, shard, *this) {}

  void Leave() { attendance_.reset(); }

  void OnReady() override { FAIL() << "a guest has nothing to take"; }
  void OnHeartbeat(const FramePtr&) override { FAIL() << "a guest has no heartbeat"; }
  void OnTick(absl::Time) override {}
  void OnDrain(Reason reason, uint32_t) override {
    left_ = reason;
    Leave();
  }
  void OnCut(Reason reason) override {
    left_ = reason;
    Leave();
  }
  SubscriberDescription Describe() const override { return {.id = "guest"}; }

  std::optional<Reason> left_;

 private:
  std::optional<Attendance> attendance_;
};

TEST_F(Presence, GuestsAreCountedDrainedAndCutWithTheOthers) {
  Make();
  Guest first(shard());
  Guest second(shard());
  Guest third(shard());
  const auto reader = Latest({"a/1"});
  EXPECT_EQ(hub_->subscribers(), 4u);
  second.Leave();
  EXPECT_EQ(hub_->subscribers(), 3u);
  int guests = 0;
  shard().ForEachSubscriber([&](const Subscriber& one) { guests += one.Describe().id == "guest"; });
  EXPECT_EQ(guests, 2);
  shard().Drain(10);
  EXPECT_EQ(first.left_, Reason::kDraining);
  EXPECT_EQ(third.left_, Reason::kDraining);
  EXPECT_FALSE(second.left_);
  EXPECT_EQ(hub_->subscribers(), 0u);
  Guest late(shard());
  shard().CutAll(Reason::kStalled);
  EXPECT_EQ(late.left_, Reason::kStalled);
}

}  // namespace
}  // namespace sluice
