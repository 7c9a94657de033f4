// Streams that are taken back: which, on every shard, and those on their way.
#include "bridge/hub/disconnecting.h"

#include <functional>
#include <memory>
#include <optional>

#include "bridge/hub/attendance.h"
#include "tests/hub/hub_fixture.h"

namespace sluice {
namespace {

// Present under a name.
class Named final : public Subscriber {
 public:
  Named(Shard& shard, SubscriberDescription is) : is_(std::move(is)), attendance_(shard, *this) {}

  void OnReady() override {}
  void OnHeartbeat(const FramePtr&) override {}
  void OnTick(absl::Time) override {}
  void OnDrain(Reason, uint32_t) override {}
  void OnCut(Reason) override {}
  bool OnDisconnect(DisconnectedBy by) override {
    if (ended_by) return false;
    if (on_end) on_end();
    ended_by = by;
    return true;
  }
  void OnDoubt(absl::Time, absl::Duration within) override { doubt = within; }
  SubscriberDescription Describe() const override { return is_; }

  std::optional<DisconnectedBy> ended_by;
  std::optional<absl::Duration> doubt;
  std::function<void()> on_end;

 private:
  const SubscriberDescription is_;
  const Attendance attendance_;
};

class Disconnecting : public HubFixture {
 protected:
  Disconnecting() {
    Make({}, {}, 2);
    ada_ = std::make_unique<Named>(
        shard(0), SubscriberDescription{.id = "http-1", .subject = "ada", .topics = {"room/1"}});
    bob_ = std::make_unique<Named>(
        shard(1),
        SubscriberDescription{.id = "http-2", .subject = "bob", .topics = {"room/2", "user/bob"}});
    disconnects_ = std::make_unique<LocalDisconnects>(*hub_, revocations_);
  }
  ~Disconnecting() override {
    ada_.reset();
    bob_.reset();
  }

  uint64_t Disconnect(Revocation revocation, DisconnectedBy by = DisconnectedBy::kOperator) {
    std::optional<uint64_t> ended;
    disconnects_->Disconnect(std::move(revocation), by, [&](uint64_t count) { ended = count; });
    Run(0);
    Run(1);
    EXPECT_TRUE(ended);
    return ended.value_or(0);
  }
  static TopicPattern Pattern(std::string_view text) { return TopicPattern::Parse(text).value(); }

  Revocations revocations_;
  std::unique_ptr<Named> ada_;
  std::unique_ptr<Named> bob_;
  std::unique_ptr<LocalDisconnects> disconnects_;
};

TEST_F(Disconnecting, EndsThoseThatItHits) {
  EXPECT_EQ(Disconnect({.subject = "eve"}), 0u);
  EXPECT_EQ(Disconnect({.subject = "bob", .topic = "room/1"}), 0u) << "of both";
  EXPECT_EQ(Disconnect({.topic = "user/bob"}, DisconnectedBy::kAuthorizer), 1u);
  EXPECT_EQ(bob_->ended_by, DisconnectedBy::kAuthorizer);
  EXPECT_FALSE(ada_->ended_by);
  EXPECT_EQ(Disconnect({.subscriber_id = "http-1"}), 1u);
  EXPECT_EQ(ada_->ended_by, DisconnectedBy::kOperator);
}

TEST_F(Disconnecting, EndsThoseOfAPatternOnEveryShard) {
  EXPECT_EQ(Disconnect({.pattern = Pattern("room/*")}), 2u);
  EXPECT_TRUE(ada_->ended_by);
  EXPECT_TRUE(bob_->ended_by);
}

TEST_F(Disconnecting, CountsOnlyThoseThatWereNotLeaving) {
  EXPECT_EQ(Disconnect({.pattern = Pattern("**")}), 2u);
  EXPECT_EQ(Disconnect({.pattern = Pattern("**")}), 0u);
}

// It is known before any shard is visited: a stream that opens before the visit finds
// it, one that opens later too.
TEST_F(Disconnecting, IsRememberedBeforeShardsAreVisited) {
  const Revocations::Moment before = revocations_.Now();
  disconnects_->Disconnect({.subject = "ada"}, DisconnectedBy::kOperator, [](uint64_t) {});
  const std::vector<std::string> topics = {"room/1"};
  EXPECT_FALSE(ada_->ended_by);
  EXPECT_TRUE(revocations_.AnySince(before, "ada", topics));
  EXPECT_FALSE(revocations_.AnySince(before, "bob", topics));
  EXPECT_FALSE(revocations_.AnySince(revocations_.Now(), "ada", topics));
  Run(0);
  Run(1);
  EXPECT_TRUE(ada_->ended_by);
}

// Who comes back at once is asked about anew.
TEST_F(Disconnecting, OfAnIdIsRememberedAsWhatItEndsBeforeThatIsEnded) {
  const Revocations::Moment before = revocations_.Now();
  const auto hit = [&](std::string_view subject, std::vector<std::string> topics) {
    return revocations_.AnySince(before, subject, topics);
  };
  EXPECT_EQ(Disconnect({.subscriber_id = "http-9"}), 0u);
  EXPECT_EQ(Disconnect({.subject = "ada", .subscriber_id = "http-2"}), 0u) << "of both";
  EXPECT_EQ(revocations_.Now(), before);
  bool seen = false;
  bob_->on_end = [&] { seen = hit("bob", {"room/2", "user/bob"}); };
  EXPECT_EQ(Disconnect({.subscriber_id = "http-2"}), 1u);
  EXPECT_TRUE(seen);
  EXPECT_FALSE(hit("bob", {"room/7"}));
  EXPECT_FALSE(hit("ada", {"room/1"}));
  EXPECT_FALSE(hit("ada", {"room/2"}));
}

TEST_F(Disconnecting, EndsASubscriberThatGoesAtOnce) {
  const auto first = Latest({"a/1"});
  const auto second = Latest({"a/1"});
  const auto third = Latest({"a/1"});  // (they have no names, and are simply cut)
  EXPECT_EQ(Disconnect(Revocation{}), 5u);
  EXPECT_EQ(hub_->subscribers(), 2u);
}

TEST_F(Disconnecting, PutsEverybodyInDoubt) {
  hub_->Doubt(absl::Seconds(10));
  Run(0);
  Run(1);
  EXPECT_EQ(ada_->doubt, absl::Seconds(10));
  EXPECT_EQ(bob_->doubt, absl::Seconds(10));
}

}  // namespace
}  // namespace sluice
