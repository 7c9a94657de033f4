#include "bridge/access/caching_authorizer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <set>
#include <thread>

#include "tests/access/ask.h"
#include "tests/access/told_authorizer.h"
#include "tests/fakes/fake_clock.h"

namespace sluice {
namespace {

using Verdict = Decision::Verdict;

class Caching : public testing::Test {
 protected:
  static Decision Allow(const std::string& subject = "") {
    Decision decision;
    decision.verdict = Verdict::kAllow;
    decision.subject = subject;
    return decision;
  }
  static AuthorizationRequest Question(const std::string& credential = "secret") {
    return {.topics = {"user/{subject}"}, .credential = credential};
  }

  CachingAuthorizer& Make(DecisionCacheOptions options = {}) {
    auto owned = std::make_unique<ToldAuthorizer>([this](const AuthorizationRequest& request) {
      if (on_question_) on_question_(request);
      return decision_;
    });
    told_ = owned.get();
    return caching_.emplace(std::move(owned), options, clock_, revocations_);
  }

  FakeClock clock_;
  Revocations revocations_;
  Decision decision_ = Allow("ada");
  std::function<void(const AuthorizationRequest&)> on_question_;
  ToldAuthorizer* told_ = nullptr;
  std::optional<CachingAuthorizer> caching_;
};

TEST_F(Caching, TenThousandEqualQuestionsAtOnceAreAskedOnce) {
  CachingAuthorizer& caching = Make();
  told_->held = true;
  std::vector<std::future<Decision>> answers;
  for (int i = 0; i < 10'000; ++i) answers.push_back(AskAsync(caching, Question()));
  told_->AnswerHeld();
  for (std::future<Decision>& answer : answers) EXPECT_EQ(answer.get().subject, "ada");
  EXPECT_EQ(told_->asked(), 1u);
}

TEST_F(Caching, AnswersAreRememberedForTheirTime) {
  CachingAuthorizer& caching = Make({.allowed = absl::Seconds(10), .denied = absl::Seconds(1)});
  Ask(caching, Question());
  clock_.Advance(absl::Seconds(10) - absl::Nanoseconds(1));
  EXPECT_EQ(Ask(caching, Question()).subject, "ada");
  EXPECT_EQ(told_->asked(), 1u);
  clock_.Advance(absl::Nanoseconds(1));
  Ask(caching, Question());
  EXPECT_EQ(told_->asked(), 2u);

  for (const Verdict denial : {Verdict::kForbidden, Verdict::kUnauthenticated}) {
    decision_ = {.verdict = denial, .reason = "no"};
    const AuthorizationRequest question = Question(denial == Verdict::kForbidden ? "f" : "u");
    Ask(caching, question);
    const size_t asked = told_->asked();
    EXPECT_EQ(Ask(caching, question).reason, "no");
    EXPECT_EQ(told_->asked(), asked);
    clock_.Advance(absl::Seconds(1));
    EXPECT_EQ(Ask(caching, question).verdict, denial);
    EXPECT_EQ(told_->asked(), asked + 1);
  }
}

TEST_F(Caching, NoAnswerOutlivesItself) {
  CachingAuthorizer& caching = Make();
  decision_.expires_at = clock_.Now() + absl::Seconds(3);
  Ask(caching, Question("a"));
  decision_ = Allow();
  decision_.credential_expires_at = clock_.Now() + absl::Seconds(3);
  Ask(caching, Question("b"));
  clock_.Advance(absl::Seconds(3));
  Ask(caching, Question("a"));
  Ask(caching, Question("b"));
  EXPECT_EQ(told_->asked(), 4u);
}

TEST_F(Caching, NoAnswerOutlivesTheCertificateThatItIsAbout) {
  CachingAuthorizer& caching = Make();
  AuthorizationRequest question = Question();
  question.certificate_names = {"a.example"};
  question.certificate_expires_at = clock_.Now() + absl::Seconds(3);
  EXPECT_EQ(Ask(caching, question).credential_expires_at, question.certificate_expires_at);
  // Another certificate of the same names is another question.
  question.certificate_expires_at += absl::Hours(1);
  EXPECT_EQ(Ask(caching, question).credential_expires_at, question.certificate_expires_at);
  EXPECT_EQ(told_->asked(), 2u);
  // An answer may end sooner.
  decision_.credential_expires_at = clock_.Now() + absl::Seconds(1);
  question.certificate_expires_at += absl::Hours(1);
  EXPECT_EQ(Ask(caching, question).credential_expires_at, clock_.Now() + absl::Seconds(1));
}

TEST_F(Caching, ErrorsAreNeverRemembered) {
  CachingAuthorizer& caching = Make();
  decision_ = {.verdict = Verdict::kError};
  EXPECT_EQ(Ask(caching, Question()).verdict, Verdict::kError);
  decision_ = Allow();
  EXPECT_TRUE(Ask(caching, Question()).allowed());
  EXPECT_EQ(told_->asked(), 2u);
}

TEST_F(Caching, TheLeastLatelyUsedIsForgottenFirst) {
  CachingAuthorizer& caching = Make({.entries = 2});
  Ask(caching, Question("a"));
  Ask(caching, Question("b"));
  Ask(caching, Question("a"));
  Ask(caching, Question("c"));  // b goes
  EXPECT_EQ(told_->asked(), 3u);
  Ask(caching, Question("a"));
  EXPECT_EQ(told_->asked(), 3u);
  Ask(caching, Question("b"));
  EXPECT_EQ(told_->asked(), 4u);
}

TEST_F(Caching, WithoutEntriesOnlyOpenQuestionsAreShared) {
  CachingAuthorizer& caching = Make({.entries = 0});
  Ask(caching, Question());
  Ask(caching, Question());
  EXPECT_EQ(told_->asked(), 2u);
  told_->held = true;
  auto first = AskAsync(caching, Question());
  auto second = AskAsync(caching, Question());
  told_->AnswerHeld();
  EXPECT_TRUE(first.get().allowed() && second.get().allowed());
  EXPECT_EQ(told_->asked(), 3u);
}

TEST_F(Caching, AnOlderAnswerThanTheAskerTakesIsAskedForAgain) {
  CachingAuthorizer& caching = Make();
  AuthorizationRequest newer = Question();
  newer.answered_after = clock_.Now() + absl::Seconds(1);
  Ask(caching, Question());
  clock_.Advance(absl::Seconds(2));
  Ask(caching, newer);
  EXPECT_EQ(told_->asked(), 2u);
  Ask(caching, newer);
  Ask(caching, Question());
  EXPECT_EQ(told_->asked(), 2u);
}

TEST_F(Caching, AnOpenQuestionThatIsTooOldIsNotJoined) {
  CachingAuthorizer& caching = Make();
  told_->held = true;
  auto old = AskAsync(caching, Question());
  clock_.Advance(absl::Seconds(1));
  AuthorizationRequest newer = Question();
  newer.answered_after = clock_.Now();
  auto asked_again = AskAsync(caching, newer);
  EXPECT_EQ(told_->asked(), 2u);
  told_->AnswerLatest();
  EXPECT_TRUE(asked_again.get().allowed());
  told_->AnswerHeld();
  EXPECT_TRUE(old.get().allowed());
  told_->held = false;
  Ask(caching, newer);
  EXPECT_EQ(told_->asked(), 2u);  // the newer answer is the one that is remembered
}

TEST_F(Caching, ARevocationMakesARememberedAnswerBeAskedForAgain) {
  CachingAuthorizer& caching = Make();
  Ask(caching, Question());
  revocations_.Add({.subject = "eve"});
  Ask(caching, Question());
  EXPECT_EQ(told_->asked(), 1u);
  decision_ = {.verdict = Verdict::kForbidden};
  revocations_.Add({.subject = "ada"});
  EXPECT_EQ(Ask(caching, Question()).verdict, Verdict::kForbidden);
  EXPECT_EQ(told_->asked(), 2u);
}

TEST_F(Caching, ARevocationOfATopicHitsTheTopicThatTheSubjectFills) {
  CachingAuthorizer& caching = Make();
  Ask(caching, Question());
  revocations_.Add({.topic = "user/eve"});
  Ask(caching, Question());
  EXPECT_EQ(told_->asked(), 1u);
  revocations_.Add({.topic = "user/ada"});
  Ask(caching, Question());
  EXPECT_EQ(told_->asked(), 2u);
}

// (It may be a part of an answer, where others name the subject.)
TEST_F(Caching, ARevocationOfASubjectHitsAnAnswerThatNamesNone) {
  CachingAuthorizer& caching = Make();
  decision_ = Allow();
  const AuthorizationRequest question = {.topics = {"room/1"}, .credential = "secret"};
  Ask(caching, question);
  revocations_.Add({.subject = "ada", .topic = "another"});
  Ask(caching, question);
  EXPECT_EQ(told_->asked(), 1u);
  revocations_.Add({.subject = "ada"});
  Ask(caching, question);
  EXPECT_EQ(told_->asked(), 2u);
}

TEST_F(Caching, AnAnswerOfBeforeADoubtIsAskedForAgain) {
  CachingAuthorizer& caching = Make();
  Ask(caching, Question());
  revocations_.DoubtBefore(revocations_.Mark());
  Ask(caching, Question());
  Ask(caching, Question());
  EXPECT_EQ(told_->asked(), 2u);
}

TEST_F(Caching, ARevocationOfATopicHitsTheOneThatAnothersSubjectFills) {
  CachingAuthorizer& caching = Make();
  decision_ = Allow("");
  Ask(caching, Question());
  revocations_.Add({.topic = "user/ada"});
  Ask(caching, Question());
  EXPECT_EQ(told_->asked(), 2u);
  Ask(caching, Question());
  EXPECT_EQ(told_->asked(), 2u);
}

TEST_F(Caching, AnOpenQuestionThatARevocationHitsIsAskedAgain) {
  CachingAuthorizer& caching = Make();
  told_->held = true;
  auto before = AskAsync(caching, Question());
  revocations_.Add({.subject = "ada"});
  auto after = AskAsync(caching, Question());
  EXPECT_EQ(told_->asked(), 1u);
  told_->AnswerHeld();
  EXPECT_EQ(told_->asked(), 2u);
  decision_ = {.verdict = Verdict::kForbidden};
  told_->AnswerHeld();
  EXPECT_EQ(before.get().verdict, Verdict::kForbidden);
  EXPECT_EQ(after.get().verdict, Verdict::kForbidden);
}

TEST_F(Caching, WhatIsTakenBackAgainAndAgainIsGivenUp) {
  CachingAuthorizer& caching = Make();
  on_question_ = [this](const AuthorizationRequest&) { revocations_.Add({.subject = "ada"}); };
  EXPECT_EQ(Ask(caching, Question()).verdict, Verdict::kError);
  EXPECT_EQ(told_->asked(), 3u);
}

TEST_F(Caching, AnswersWhatIsOpenWhenItEnds) {
  CachingAuthorizer& caching = Make();
  told_->held = true;
  auto first = AskAsync(caching, Question("a"));
  auto hit = AskAsync(caching, Question("b"));
  revocations_.Add({.subject = "ada"});
  caching_.reset();  // it would ask again
  EXPECT_EQ(first.get().verdict, Verdict::kError);
  EXPECT_EQ(hit.get().verdict, Verdict::kError);
}

TEST_F(Caching, WantsWhatTheOneThatItAsksWants) {
  auto told = std::make_unique<ToldAuthorizer>(Verdict::kAllow);
  told->wanted = {.headers = {"x-a"}, .request = true};
  const CachingAuthorizer caching(std::move(told), {}, clock_, revocations_);
  EXPECT_EQ(caching.wants().headers, std::vector<std::string>{"x-a"});
  EXPECT_TRUE(caching.wants().request);
}

// Threads that ask, answer, revoke and let time go by: every asker is answered, and none
// with what was taken back before it asked.
TEST_F(Caching, HoldsAtOnceFromManyThreads) {
  constexpr int kThreads = 8;
  constexpr int kQuestions = 2'000;
  std::atomic<int64_t> revoked{0};  // answers below it are void
  auto counted = std::make_unique<ToldAuthorizer>([&revoked](const AuthorizationRequest& request) {
    Decision decision = Allow("ada");
    decision.reason = std::to_string(revoked.load());
    decision.attributes = {{"credential", request.credential}};
    return decision;
  });
  CachingAuthorizer caching(std::move(counted), {.entries = 3}, clock_, revocations_);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kQuestions; ++i) {
        if (t == 0 && i % 16 == 0) {
          ++revoked;
          revocations_.Add({.subject = "ada"});
        }
        if (t == 1 && i % 64 == 0) clock_.Advance(absl::Seconds(5));
        const int64_t since = t == 0 ? revoked.load() : 0;
        const std::string credential = std::to_string(i % 5);
        const Decision decision = Ask(caching, Question(credential));
        if (decision.verdict == Verdict::kError) continue;  // taken back three times
        ASSERT_EQ(decision.attributes.front().second, credential);
        ASSERT_GE(std::stoll(decision.reason), since);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

// Whatever is moved from one part of a question to another makes another question.
TEST(QuestionKey, IsOfNoTwoQuestions) {
  const std::vector<AuthorizationRequest> questions = {
      {},
      {.action = Action::kPublish},
      {.topics = {"a"}},
      {.topics = {"a", ""}},
      {.topics = {"a", "b"}},
      {.topics = {"b", "a"}},
      {.topics = {"ab"}},
      {.topics = {"a\nb"}},
      {.credential = "a"},
      {.topics = {"a"}, .credential = "b"},
      {.topics = {"b"}, .credential = "a"},
      {.credential = "ab"},
      {.headers = {{"a", "b"}}},
      {.headers = {{"a", ""}}},
      {.headers = {{"ab", ""}}},
      {.headers = {{"a", "b"}, {"c", "d"}}},
      {.headers = {{"a", "bc"}, {"", "d"}}},
      {.credential = "a", .headers = {{"b", "c"}}},
      {.credential = std::string("a\0b", 3)},
      {.credential = std::string("\1\0\0\0\0\0\0\0a", 9)},
      {.peer_address = "a"},
      {.certificate_names = {"a"}},
      {.credential = "a", .certificate_names = {""}},
      {.certificate_names = {"a", "b"}},
      {.request = {.method = "a"}},
      {.request = {.path = "a"}},
      {.request = {.host = "a"}},
      {.request = {.scheme = "a"}},
      {.request = {.method = "a", .path = "b"}},
      {.request = {.path = "ab"}},
  };
  std::set<QuestionKey> keys;
  for (const AuthorizationRequest& question : questions) keys.insert(KeyOf(question).value());
  EXPECT_EQ(keys.size(), questions.size());
}

TEST(QuestionKey, IsOfTheQuestionAloneAndShowsNothingOfIt) {
  const AuthorizationRequest question{.topics = {"a"}, .credential = "secret"};
  AuthorizationRequest newer = question;
  newer.answered_after = absl::FromUnixSeconds(1);
  const QuestionKey key = KeyOf(question).value();
  EXPECT_EQ(key, KeyOf(newer).value());
  EXPECT_EQ(std::string(key.begin(), key.end()).find("secret"), std::string::npos);
}

}  // namespace
}  // namespace sluice
