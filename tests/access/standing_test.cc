// How long a stream runs on an answer: every edge, on a clock that stands still.
#include "bridge/access/standing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace sluice {
namespace {

using Answer = Standing::Answer;
using Due = Standing::Due;

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);

Decision Allow(absl::Time until = absl::InfiniteFuture()) {
  Decision decision;
  decision.verdict = Decision::Verdict::kAllow;
  decision.subject = "ada";
  decision.expires_at = until;
  return decision;
}

Decision Of(Decision::Verdict verdict) {
  Decision decision;
  decision.verdict = verdict;
  return decision;
}

class StandingTest : public testing::Test {
 protected:
  Standing Make(const Decision& decision, uint64_t seed = 1) const {
    AuthorizationRequest question;
    question.topics = {"room/1"};
    question.credential = "token";
    return Standing(std::make_shared<const AuthorizationRequest>(question), decision, policy_, now_,
                    seed);
  }
  // Ticks every second; how many until it is due to be asked or over.
  int SecondsUntil(Standing& standing, Due due, int give_up = 100'000) {
    for (int seconds = 0; seconds < give_up; ++seconds) {
      const Due is = standing.OnTick(now_);
      if (is == due) return seconds;
      EXPECT_EQ(is, Due::kNothing) << "after " << seconds << " s";
      if (is != Due::kNothing) return -1;
      now_ += absl::Seconds(1);
    }
    return give_up;
  }

  StandingPolicy policy_{.max_age = absl::Seconds(100), .grace = absl::Seconds(20)};
  absl::Time now_ = kStart;
};

TEST_F(StandingTest, IsAskedAgainBetweenHalfAndNineTenthsOfItsTime) {
  std::set<int> moments;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    now_ = kStart;
    Standing standing = Make(Allow(), seed);
    moments.insert(SecondsUntil(standing, Due::kAsk));
  }
  EXPECT_GE(*moments.begin(), 50);
  EXPECT_LE(*moments.rbegin(), 91);
  EXPECT_GT(moments.size(), 20u);  // not all at once
}

TEST_F(StandingTest, IsTheSameWithTheSameSeed) {
  Standing one = Make(Allow(), 7);
  const int first = SecondsUntil(one, Due::kAsk);
  now_ = kStart;
  Standing other = Make(Allow(), 7);
  EXPECT_EQ(SecondsUntil(other, Due::kAsk), first);
}

TEST_F(StandingTest, GoesOnForAsLongAsItIsAllowedAnew) {
  Standing standing = Make(Allow());
  for (int i = 0; i < 50; ++i) {
    ASSERT_GE(SecondsUntil(standing, Due::kAsk), 0) << i;
    ASSERT_EQ(standing.Answered(Allow(), "ada", now_), Answer::kStays);
  }
  EXPECT_GT(now_ - kStart, absl::Seconds(50 * 45));
}

TEST_F(StandingTest, IsAskedOnceAtATime) {
  Standing standing = Make(Allow());
  SecondsUntil(standing, Due::kAsk);
  for (int i = 0; i < 5; ++i) {
    now_ += absl::Seconds(1);
    EXPECT_EQ(standing.OnTick(now_), Due::kNothing);
  }
}

TEST_F(StandingTest, HoldsForAsLongAsTheAnswerSaysWithoutAMaximum) {
  policy_.max_age = absl::ZeroDuration();
  Standing forever = Make(Allow());
  EXPECT_EQ(SecondsUntil(forever, Due::kAsk, 50'000), 50'000);
  now_ = kStart;
  Standing hour = Make(Allow(kStart + absl::Hours(1)));
  const int asked = SecondsUntil(hour, Due::kAsk);
  EXPECT_GE(asked, 1800);
  EXPECT_LE(asked, 3241);
}

TEST_F(StandingTest, TakesTheSoonerOfTheAnswersEndAndTheMaximum) {
  Standing standing = Make(Allow(kStart + absl::Seconds(40)));
  const int asked = SecondsUntil(standing, Due::kAsk);
  EXPECT_GE(asked, 20);
  EXPECT_LE(asked, 37);
}

TEST_F(StandingTest, LeavesTimeForAnAnswerThatIsShort) {
  Standing standing = Make(Allow(kStart + absl::Seconds(2)));
  EXPECT_EQ(SecondsUntil(standing, Due::kAsk), 1);
}

TEST_F(StandingTest, IsOverAfterTheGraceTimeWhenNoAnswerComes) {
  Standing standing = Make(Allow());
  SecondsUntil(standing, Due::kAsk);  // which hangs
  SecondsUntil(standing, Due::kOver);
  EXPECT_EQ(now_ - kStart, absl::Seconds(120));
}

TEST_F(StandingTest, IsAskedAgainWithPausesThatGrowWhileItCannotBeAnswered) {
  policy_.grace = absl::Minutes(10);
  Standing standing = Make(Allow());
  SecondsUntil(standing, Due::kAsk);
  std::vector<int> pauses;
  for (int i = 0; i < 8; ++i) {
    EXPECT_EQ(standing.Answered(Of(Decision::Verdict::kError), "ada", now_), Answer::kNone);
    pauses.push_back(SecondsUntil(standing, Due::kAsk));
  }
  EXPECT_EQ(pauses.front(), 1);
  EXPECT_GE(pauses.back(), 7);
  EXPECT_THAT(pauses, testing::Each(testing::Le(15)));
}

TEST_F(StandingTest, RecoversWithinTheGraceTime) {
  Standing standing = Make(Allow());
  SecondsUntil(standing, Due::kAsk);
  now_ = kStart + absl::Seconds(119);
  EXPECT_EQ(standing.Answered(Of(Decision::Verdict::kError), "ada", now_), Answer::kNone);
  EXPECT_EQ(standing.OnTick(now_ + absl::Milliseconds(999)), Due::kAsk);
  EXPECT_EQ(standing.Answered(Allow(), "ada", now_), Answer::kStays);
  now_ += absl::Seconds(2);
  EXPECT_EQ(standing.OnTick(now_), Due::kNothing);
  EXPECT_GE(SecondsUntil(standing, Due::kAsk), 45);
}

TEST_F(StandingTest, IsOverWhenTheGraceTimeHasPassedThoughAnswersFail) {
  Standing standing = Make(Allow());
  for (int i = 0; i < 1000; ++i) {
    const Due due = standing.OnTick(now_);
    if (due == Due::kOver) break;
    if (due == Due::kAsk) standing.Answered(Of(Decision::Verdict::kError), "ada", now_);
    now_ += absl::Seconds(1);
  }
  EXPECT_EQ(now_ - kStart, absl::Seconds(120));
}

TEST_F(StandingTest, NeverGoesPastTheEndOfTheCredential) {
  Decision decision = Allow(kStart + absl::Seconds(50));
  decision.credential_expires_at = kStart + absl::Seconds(55);
  Standing standing = Make(decision);
  SecondsUntil(standing, Due::kAsk);
  SecondsUntil(standing, Due::kOver);
  EXPECT_EQ(now_ - kStart, absl::Seconds(55));
}

TEST_F(StandingTest, TakesTheCredentialsEndForItsOwn) {
  Decision decision = Allow();
  decision.credential_expires_at = kStart + absl::Seconds(30);
  Standing standing = Make(decision);
  EXPECT_LE(SecondsUntil(standing, Due::kAsk), 28);
}

TEST_F(StandingTest, AsksOnceAboutAnEndThatDoesNotMoveAndIsOverThenWithoutGrace) {
  const absl::Time until = kStart + absl::Seconds(60);
  Standing standing = Make(Allow(until));
  SecondsUntil(standing, Due::kAsk);
  EXPECT_EQ(standing.Answered(Allow(until), "ada", now_), Answer::kStays);
  SecondsUntil(standing, Due::kOver);  // (it fails when it is asked in between)
  EXPECT_EQ(now_, until);
}

TEST_F(StandingTest, AsksAgainAboutAnEndThatHasMovedNearer) {
  Standing standing = Make(Allow(kStart + absl::Seconds(90)));
  SecondsUntil(standing, Due::kAsk);
  const absl::Time until = now_ + absl::Seconds(10);
  EXPECT_EQ(standing.Answered(Allow(until), "ada", now_), Answer::kStays);
  EXPECT_GE(SecondsUntil(standing, Due::kAsk), 5);
}

TEST_F(StandingTest, IsRefusedByADenialAndByAnAnswerThatIsOver) {
  for (const Decision& no :
       {Of(Decision::Verdict::kForbidden), Of(Decision::Verdict::kUnauthenticated),
        Allow(kStart + absl::Seconds(1))}) {
    now_ = kStart;
    Standing standing = Make(Allow());
    SecondsUntil(standing, Due::kAsk);
    EXPECT_EQ(standing.Answered(no, "ada", now_), Answer::kRefused);
  }
}

TEST_F(StandingTest, NoticesWhatAnAnswerImposesAnew) {
  std::vector<Decision> answers(4, Allow());
  answers[1].attributes = {{"tenant", "blue"}};
  answers[2].event_types = {"note"};
  answers[3].masks = FieldMasks::Make({{"note", {"id"}}}).value();
  for (const Decision& before : answers) {
    for (const Decision& after : answers) {
      now_ = kStart;
      Standing standing = Make(before);
      SecondsUntil(standing, Due::kAsk);
      EXPECT_EQ(standing.Answered(after, "ada", now_),
                &before == &after ? Answer::kStays : Answer::kChanged);
      SecondsUntil(standing, Due::kAsk);
      EXPECT_EQ(standing.Answered(after, "ada", now_), Answer::kStays);
    }
  }
}

TEST_F(StandingTest, NoticesThatItIsAllowedToSomebodyElse) {
  Standing standing = Make(Allow());
  SecondsUntil(standing, Due::kAsk);
  Decision other = Allow();
  other.subject = "bob";
  EXPECT_EQ(standing.Answered(other, "ada", now_), Answer::kAnotherOne);
}

TEST_F(StandingTest, WantsAnAnswerOfAfterTheOneItHas) {
  Standing standing = Make(Allow());
  EXPECT_GT(standing.question().answered_after, kStart);
  EXPECT_LT(standing.question().answered_after, kStart + absl::Milliseconds(1));
  EXPECT_THAT(standing.question().topics, testing::ElementsAre("room/1"));
  EXPECT_EQ(standing.question().credential, "token");
}

TEST_F(StandingTest, IsAskedSoonWhenItIsInDoubt) {
  std::set<int> moments;
  for (uint64_t seed = 1; seed <= 100; ++seed) {
    now_ = kStart;
    Standing standing = Make(Allow(), seed);
    now_ += absl::Seconds(10);
    standing.AskSoon(now_, absl::Seconds(10));
    EXPECT_GT(standing.question().answered_after, kStart + absl::Seconds(10));
    moments.insert(SecondsUntil(standing, Due::kAsk));
  }
  EXPECT_LE(*moments.rbegin(), 10);
  EXPECT_GT(moments.size(), 5u);
}

TEST_F(StandingTest, IsAskedAgainWhenItsQuestionWasOlderThanTheDoubt) {
  Standing standing = Make(Allow());
  SecondsUntil(standing, Due::kAsk);
  now_ += absl::Seconds(1);
  standing.AskSoon(now_, absl::Seconds(5));
  const absl::Time doubted = now_;
  EXPECT_EQ(standing.Answered(Allow(), "ada", now_ + absl::Milliseconds(1)), Answer::kStays);
  EXPECT_LE(SecondsUntil(standing, Due::kAsk), 5);
  EXPECT_GT(standing.question().answered_after, doubted);
  EXPECT_EQ(standing.Answered(Allow(), "ada", now_), Answer::kStays);
  EXPECT_GE(SecondsUntil(standing, Due::kAsk), 45);
}

TEST_F(StandingTest, IsAskedAgainForADoubtInTheMomentOfItsQuestion) {
  Standing standing = Make(Allow());
  standing.AskSoon(now_, absl::ZeroDuration());
  ASSERT_EQ(standing.OnTick(now_), Due::kAsk);
  standing.AskSoon(now_, absl::ZeroDuration());
  EXPECT_EQ(standing.Answered(Allow(), "ada", now_), Answer::kStays);
  EXPECT_EQ(standing.OnTick(now_), Due::kAsk);
}

TEST_F(StandingTest, IsAskedInDoubtThoughItsEndDoesNotMove) {
  const absl::Time until = kStart + absl::Seconds(60);
  Standing standing = Make(Allow(until));
  SecondsUntil(standing, Due::kAsk);
  standing.Answered(Allow(until), "ada", now_);
  standing.AskSoon(now_, absl::Seconds(1));
  EXPECT_LE(SecondsUntil(standing, Due::kAsk), 1);
}

}  // namespace
}  // namespace sluice
