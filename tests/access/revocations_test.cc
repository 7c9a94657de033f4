#include "bridge/access/revocations.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace sluice {
namespace {

using Topics = std::vector<std::string>;

class RevocationsTest : public testing::Test {
 protected:
  using Moment = Revocations::Moment;

  bool Any(Moment since, const std::string& subject, const Topics& topics = {"a"},
           Unnamed unnamed = Unnamed::kNobody) const {
    return revocations_.AnySince(since, subject, topics, unnamed);
  }

  Revocations revocations_;
};

TEST_F(RevocationsTest, HitWhatTheyNameFromThenOn) {
  const Moment before = revocations_.Now();
  revocations_.Add({.subject = "ada", .topic = "a"});
  const Moment between = revocations_.Now();
  revocations_.Add({.subject = "ada", .topic = "b"});
  EXPECT_TRUE(Any(before, "ada", {"a"}));
  EXPECT_TRUE(Any(before, "ada", {"b"}));
  EXPECT_FALSE(Any(before, "ada", {"c"}));
  EXPECT_FALSE(Any(before, "bob", {"a", "b"}));
  EXPECT_FALSE(Any(between, "ada", {"a"}));
  EXPECT_TRUE(Any(between, "ada", {"a", "b"}));
  EXPECT_FALSE(Any(revocations_.Now(), "ada", {"a", "b"}));
  revocations_.Add({.topic = "c"});
  EXPECT_TRUE(Any(before, "bob", {"c"}));
  EXPECT_TRUE(Any(before, "", {"c"}));
}

TEST_F(RevocationsTest, OfASubjectHitAnAnswerThatMayBeAPartOfItsAnswer) {
  const Moment before = revocations_.Now();
  revocations_.Add({.subject = "ada", .topic = "a"});
  EXPECT_FALSE(Any(before, "", {"a"}));
  EXPECT_TRUE(Any(before, "", {"a"}, Unnamed::kAnybody));
  EXPECT_FALSE(Any(before, "", {"b"}, Unnamed::kAnybody));
  EXPECT_FALSE(Any(before, "bob", {"a"}, Unnamed::kAnybody));
  EXPECT_FALSE(Any(revocations_.Now(), "", {"a"}, Unnamed::kAnybody));
}

TEST_F(RevocationsTest, OfManySubjectsDuringOneQuestionHitNobodyElse) {
  const Moment before = revocations_.Now();
  for (int i = 0; i < 50'000; ++i) revocations_.Add({.subject = absl::StrCat("subject ", i)});
  EXPECT_FALSE(Any(before, "ada"));
  EXPECT_TRUE(Any(before, "subject 0"));
  EXPECT_TRUE(Any(before, "subject 49999"));
  EXPECT_FALSE(Any(before + 1, "subject 0"));
}

TEST_F(RevocationsTest, AreNotForgottenSilently) {
  const Moment before = revocations_.Now();
  for (size_t i = 0; i < Revocations::kNamedMax + 10; ++i) {
    revocations_.Add({.subject = absl::StrCat("subject ", i % (Revocations::kNamedMax + 1))});
  }
  EXPECT_TRUE(Any(before, "ada"));
  EXPECT_TRUE(Any(before + 9, "ada"));
  EXPECT_FALSE(Any(before + 10, "ada"));
  EXPECT_TRUE(Any(before + 10, "subject 10"));
  EXPECT_TRUE(Any(before + 10, "subject 0")) << "again";
  EXPECT_FALSE(Any(before + 10, "subject 9"));
}

TEST_F(RevocationsTest, OfLongSubjectsAreBoundedToo) {
  const Moment before = revocations_.Now();
  const std::string tail(2000, 'x');
  for (size_t i = 0; i * 2000 < Revocations::kNamedBytesMax; ++i) {
    revocations_.Add({.subject = absl::StrCat(i, tail)});
  }
  EXPECT_TRUE(Any(before, "ada"));
  EXPECT_FALSE(Any(revocations_.Now() - 1000, "ada"));
}

TEST_F(RevocationsTest, OfTopicsAreNotForgottenSilently) {
  const Moment before = revocations_.Now();
  for (size_t i = 0; i < Revocations::kOthersMax; ++i) {
    revocations_.Add({.topic = absl::StrCat("topic/", i)});
  }
  EXPECT_FALSE(Any(before, "ada"));
  revocations_.Add({.topic = "topic"});
  EXPECT_TRUE(Any(before, "ada"));
  EXPECT_FALSE(Any(before + 1, "ada"));
}

TEST_F(RevocationsTest, OfOneSubjectAreLookedThroughOnlySoFar) {
  const Moment before = revocations_.Now();
  for (int i = 0; i < 10'000; ++i) {
    revocations_.Add({.subject = "ada", .topic = absl::StrCat("topic/", i)});
  }
  EXPECT_TRUE(Any(before, "ada"));
  EXPECT_FALSE(Any(before, "bob"));
  EXPECT_FALSE(Any(revocations_.Now() - 1000, "ada"));
}

TEST_F(RevocationsTest, ThatAreNotKnownHitEverybodyOfBefore) {
  const Moment before = revocations_.Now();
  const Moment mark = revocations_.Mark();
  const Moment after = revocations_.Now();
  EXPECT_FALSE(Any(before, "ada"));
  revocations_.DoubtBefore(mark);
  revocations_.Add({.subject = "bob"});
  EXPECT_TRUE(Any(before, "ada"));
  EXPECT_TRUE(Any(before, "", {}));
  EXPECT_FALSE(Any(after, "ada"));
  EXPECT_TRUE(Any(after, "bob"));
}

}  // namespace
}  // namespace sluice
