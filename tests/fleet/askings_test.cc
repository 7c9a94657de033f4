// Who is waited for, and how long.
#include "bridge/fleet/askings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice {
namespace {

class AskingsTest : public testing::Test {
 protected:
  static fleet::v1::Member Of(const std::string& name) {
    fleet::v1::Member member;
    member.set_id("id-" + name);
    member.set_name(name);
    return member;
  }
  static fleet::v1::Answer Said(uint64_t number, uint64_t disconnected) {
    fleet::v1::Answer answer;
    answer.set_number(number);
    answer.set_disconnected(disconnected);
    return answer;
  }
  uint64_t Ask(absl::Status reached = absl::OkStatus(),
               absl::Time not_before = absl::InfinitePast()) {
    return askings_.Begin(
        members_,
        {.reached = std::move(reached), .until = now_ + absl::Seconds(2), .not_before = not_before},
        [this](FleetAnswer answer) { answer_ = std::move(answer); });
  }
  // "name=answered" of each.
  std::vector<std::string> Members() const {
    std::vector<std::string> list;
    for (const MemberAnswer& of : answer_->members) {
      list.push_back(of.member.name() + (of.status.ok() ? "=" : "!") +
                     (of.status.ok() ? std::to_string(of.answer.disconnected())
                                     : std::string(of.status.message())));
    }
    return list;
  }

  absl::Time now_ = absl::UnixEpoch() + absl::Hours(1);
  class Members members_ {
    "id-own", {}
  };
  Askings askings_{[] { return Of("own"); }};
  std::optional<FleetAnswer> answer_;
};

TEST_F(AskingsTest, EndWhenAllHaveAnswered) {
  members_.Hear(Of("a"), now_);
  members_.Hear(Of("b"), now_);
  const uint64_t number = Ask();
  askings_.Answered(Of("b"), Said(number, 2), now_);
  askings_.AnsweredHere(number, Said(number, 1), now_);
  EXPECT_FALSE(answer_);
  askings_.Answered(Of("b"), Said(number, 2), now_);
  EXPECT_FALSE(answer_) << "it has answered before";
  askings_.Answered(Of("a"), Said(number, 3), now_);
  ASSERT_TRUE(answer_);
  EXPECT_TRUE(answer_->reached.ok());
  EXPECT_THAT(Members(), testing::ElementsAre("own=1", "a=3", "b=2"));
}

TEST_F(AskingsTest, NameThoseThatHaveNotAnsweredInTime) {
  members_.Hear(Of("a"), now_);
  const uint64_t number = Ask();
  askings_.AnsweredHere(number, Said(number, 1), now_);
  askings_.Tick(now_ + absl::Seconds(1));
  EXPECT_FALSE(answer_);
  askings_.Tick(now_ + absl::Seconds(2));
  ASSERT_TRUE(answer_);
  EXPECT_THAT(Members(), testing::ElementsAre("own=1", "a!has not answered in time"));
}

TEST_F(AskingsTest, DoNotWaitForThoseThatAreSilent) {
  members_.Hear(Of("a"), now_);
  now_ += absl::Seconds(4);
  members_.Tick(now_);
  const uint64_t number = Ask();
  askings_.AnsweredHere(number, Said(number, 1), now_);
  ASSERT_TRUE(answer_);
  EXPECT_THAT(Members(), testing::ElementsAre("own=1", "a!is silent"));
}

TEST_F(AskingsTest, WaitForThoseThatAreNotKnownYet) {
  const uint64_t number = Ask(absl::OkStatus(), now_ + absl::Seconds(2));
  askings_.AnsweredHere(number, Said(number, 1), now_);
  askings_.Answered(Of("new"), Said(number, 4), now_);
  EXPECT_FALSE(answer_);
  askings_.Tick(now_ + absl::Seconds(2));
  ASSERT_TRUE(answer_);
  EXPECT_THAT(Members(), testing::ElementsAre("own=1", "new=4"));
}

TEST_F(AskingsTest, WaitForNobodyElseWhereTheFleetIsNotReached) {
  members_.Hear(Of("a"), now_);
  const uint64_t number = Ask(absl::UnavailableError("NATS is away"));
  EXPECT_FALSE(answer_);
  askings_.AnsweredHere(number, Said(number, 1), now_);
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->reached.message(), "NATS is away");
  EXPECT_THAT(Members(), testing::ElementsAre("own=1", "a!was not asked"));
}

TEST_F(AskingsTest, EndWhenTheFleetIsLost) {
  members_.Hear(Of("a"), now_);
  const uint64_t number = Ask();
  askings_.AnsweredHere(number, Said(number, 1), now_);
  askings_.Unreached(absl::UnavailableError("NATS is away"), now_);
  ASSERT_TRUE(answer_);
  EXPECT_FALSE(answer_->reached.ok());
}

TEST_F(AskingsTest, SayWhatAMemberHasRefused) {
  members_.Hear(Of("a"), now_);
  const uint64_t number = Ask();
  askings_.AnsweredHere(number, Said(number, 1), now_);
  fleet::v1::Answer refused;
  refused.set_number(number);
  refused.set_refused("is asked too much at once");
  askings_.Answered(Of("a"), refused, now_);
  ASSERT_TRUE(answer_);
  EXPECT_THAT(Members(), testing::ElementsAre("own=1", "a!is asked too much at once"));
}

TEST_F(AskingsTest, ForgetMembersThatLeaveAreStartedAgainOrAreGone) {
  members_.Hear(Of("a"), now_);
  members_.Hear(Of("b"), now_);
  members_.Leave("id-a");
  EXPECT_EQ(members_.all().size(), 1u);
  members_.Tick(now_ + absl::Seconds(4));
  fleet::v1::Member again = Of("b");
  again.set_id("another");
  members_.Hear(again, now_ + absl::Seconds(4));
  EXPECT_EQ(members_.all().size(), 1u);
  members_.Tick(now_ + absl::Minutes(3));
  EXPECT_TRUE(members_.all().empty());
}

}  // namespace
}  // namespace sluice
