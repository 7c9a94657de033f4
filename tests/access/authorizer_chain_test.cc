#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "bridge/access/all_of_authorizer.h"
#include "bridge/access/any_of_authorizer.h"
#include "bridge/access/authorizers.h"
#include "bridge/access/none_authorizer.h"
#include "tests/access/ask.h"
#include "tests/access/told_authorizer.h"

namespace sluice {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;
using Verdict = Decision::Verdict;

FieldMasksPtr MaskOf(const std::string& path) {
  return *FieldMasks::Make({{.event_type = "*", .paths = {path}}});
}

class Chain : public testing::Test {
 protected:
  Decision AskAll(AuthorizationRequest request = {}) {
    AllOfAuthorizer all({&first_, &second_});
    return Ask(all, std::move(request));
  }
  Decision AskAny(AuthorizationRequest request = {}) {
    AnyOfAuthorizer any({&first_, &second_});
    return Ask(any, std::move(request));
  }

  ToldAuthorizer first_{Verdict::kAllow};
  ToldAuthorizer second_{Verdict::kAllow};
};

TEST_F(Chain, AllOfThemMustAllowIt) {
  const Verdict denials[] = {Verdict::kUnauthenticated, Verdict::kForbidden, Verdict::kError};
  EXPECT_TRUE(AskAll().allowed());
  for (const Verdict denial : denials) {
    second_.decision.verdict = denial;
    EXPECT_EQ(AskAll().verdict, denial);
  }
}

TEST_F(Chain, TheFirstThatDoesNotAllowItDecidesForAll) {
  first_.decision = {.verdict = Verdict::kForbidden, .reason = "no", .denied_topics = {"a"}};
  const Decision decision = AskAll();
  EXPECT_EQ(decision.verdict, Verdict::kForbidden);
  EXPECT_EQ(decision.reason, "no");
  EXPECT_THAT(decision.denied_topics, ElementsAre("a"));
  EXPECT_EQ(second_.asked(), 0u);
}

TEST_F(Chain, WhatAllAllowIsNarrowedByEach) {
  first_.decision.subject = "ada";
  first_.decision.expires_at = absl::FromUnixSeconds(10);
  first_.decision.credential_expires_at = absl::FromUnixSeconds(40);
  first_.decision.attributes = {{"a", "1"}, {"z", "1"}};
  first_.decision.event_types = {"token", "done", "error"};
  first_.decision.masks = MaskOf("a");
  second_.decision.expires_at = absl::FromUnixSeconds(20);
  second_.decision.credential_expires_at = absl::FromUnixSeconds(30);
  second_.decision.attributes = {{"a", "1"}, {"b", "2"}};
  second_.decision.event_types = {"error", "typing", "done"};
  second_.decision.masks = MaskOf("b");
  const Decision decision = AskAll();
  EXPECT_TRUE(decision.allowed());
  EXPECT_EQ(decision.subject, "ada");
  EXPECT_EQ(decision.expires_at, absl::FromUnixSeconds(10));
  EXPECT_EQ(decision.credential_expires_at, absl::FromUnixSeconds(30));
  EXPECT_THAT(decision.attributes, ElementsAre(Pair("a", "1"), Pair("b", "2"), Pair("z", "1")));
  EXPECT_THAT(decision.event_types, ElementsAre("done", "error"));
  EXPECT_EQ(decision.masks->Apply("token", R"({"a":1,"b":2})"), "{}");
}

TEST_F(Chain, ContradictingAttributesAreBothKeptSoThatNothingPasses) {
  first_.decision.attributes = {{"tenant", "a"}};
  second_.decision.attributes = {{"tenant", "b"}};
  EXPECT_THAT(AskAll().attributes, ElementsAre(Pair("tenant", "a"), Pair("tenant", "b")));
}

TEST_F(Chain, EventTypesWithNothingInCommonAreForbiddenAndNotEverything) {
  first_.decision.event_types = {"token"};
  second_.decision.event_types = {"done"};
  EXPECT_EQ(AskAll().verdict, Verdict::kForbidden);
  second_.decision.event_types = {};
  EXPECT_THAT(AskAll().event_types, ElementsAre("token"));
  first_.decision.event_types = {};
  EXPECT_THAT(AskAll().event_types, IsEmpty());
}

TEST_F(Chain, TheLastSubjectCounts) {
  first_.decision.subject = "token-7";
  second_.decision.subject = "ada";
  EXPECT_EQ(AskAll({.topics = {"a/1"}}).subject, "ada");
}

// The first allowed the topic of another.
TEST_F(Chain, DifferentSubjectsCannotBothFillATopic) {
  first_.decision.subject = "ada";
  second_.decision.subject = "eve";
  EXPECT_EQ(AskAll({.topics = {"a/1", "user/{subject}"}}).verdict, Verdict::kForbidden);
  second_.decision.subject = "ada";
  EXPECT_TRUE(AskAll({.topics = {"user/{subject}"}}).allowed());
}

TEST_F(Chain, DifferentSubjectsCannotBothFillAFilterOrACall) {
  first_.decision.subject = "ada";
  second_.decision.subject = "eve";
  EXPECT_EQ(AskAll({.topics = {"a/1"}, .fills_subject = true}).verdict, Verdict::kForbidden);
  // (However deep they stand.)
  AllOfAuthorizer inner({&first_, &second_});
  AllOfAuthorizer outer({&inner});
  EXPECT_EQ(Ask(outer, {.topics = {"a/1"}, .fills_subject = true}).verdict, Verdict::kForbidden);
  second_.decision.subject = "";
  EXPECT_TRUE(AskAll({.topics = {"a/1"}, .fills_subject = true}).allowed());
}

TEST_F(Chain, AnyOfThemMayAllowIt) {
  first_.decision.subject = "first";
  EXPECT_EQ(AskAny().subject, "first");
  EXPECT_EQ(second_.asked(), 0u);
  first_.decision.verdict = Verdict::kUnauthenticated;
  second_.decision.subject = "second";
  EXPECT_EQ(AskAny().subject, "second");
  first_.decision.verdict = Verdict::kError;
  EXPECT_EQ(AskAny().subject, "second");
}

TEST_F(Chain, WhereNoneAllowsItTheWeightiestAnswerCounts) {
  const struct {
    Verdict first, second, all;
  } rows[] = {
      {Verdict::kUnauthenticated, Verdict::kUnauthenticated, Verdict::kUnauthenticated},
      {Verdict::kForbidden, Verdict::kUnauthenticated, Verdict::kForbidden},
      {Verdict::kUnauthenticated, Verdict::kForbidden, Verdict::kForbidden},
      {Verdict::kError, Verdict::kForbidden, Verdict::kError},
      {Verdict::kUnauthenticated, Verdict::kError, Verdict::kError},
  };
  for (const auto& row : rows) {
    first_.decision.verdict = row.first;
    second_.decision.verdict = row.second;
    EXPECT_EQ(AskAny().verdict, row.all);
  }
  first_.decision = {.verdict = Verdict::kForbidden, .reason = "one"};
  second_.decision = {.verdict = Verdict::kForbidden, .reason = "two"};
  EXPECT_EQ(AskAny().reason, "two");
}

TEST_F(Chain, TellsEachOnlyWhatItWants) {
  first_.wanted = {.headers = {"x-b", "x-a"}, .request = true};
  second_.wanted = {.headers = {"x-b"}, .peer_address = true, .certificate_names = true};
  AllOfAuthorizer all({&first_, &second_});
  EXPECT_THAT(all.wants().headers, ElementsAre("x-a", "x-b"));
  EXPECT_TRUE(all.wants().peer_address && all.wants().certificate_names && all.wants().request);

  const absl::Time moment = absl::FromUnixSeconds(5);
  Ask(all, {.action = Action::kPublish,
            .topics = {"a/1"},
            .credential = "secret",
            .headers = {{"x-a", "1"}, {"x-b", "2"}},
            .peer_address = "10.0.0.1:5",
            .certificate_names = {"n"},
            .request = {.path = "/p"},
            .answered_after = moment});
  const AuthorizationRequest first = first_.questions().front();
  const AuthorizationRequest second = second_.questions().front();
  for (const AuthorizationRequest& question : {first, second}) {
    EXPECT_EQ(question.action, Action::kPublish);
    EXPECT_THAT(question.topics, ElementsAre("a/1"));
    EXPECT_EQ(question.credential, "secret");
    EXPECT_EQ(question.answered_after, moment);
  }
  EXPECT_THAT(first.headers, ElementsAre(Pair("x-a", "1"), Pair("x-b", "2")));
  EXPECT_EQ(first.request.path, "/p");
  EXPECT_EQ(first.peer_address, "");
  EXPECT_THAT(first.certificate_names, IsEmpty());
  EXPECT_THAT(second.headers, ElementsAre(Pair("x-b", "2")));
  EXPECT_EQ(second.request.path, "");
  EXPECT_EQ(second.peer_address, "10.0.0.1:5");
  EXPECT_THAT(second.certificate_names, ElementsAre("n"));
}

TEST_F(Chain, ThatEndsAsksNobodyElseAndAnswersWhatIsOpen) {
  first_.held = true;
  std::optional<AllOfAuthorizer> all(std::in_place, std::vector<Authorizer*>{&first_, &second_});
  std::future<Decision> open = AskAsync(*all, {});
  all.reset();
  first_.AnswerHeld();
  EXPECT_EQ(open.get().verdict, Verdict::kError);
  EXPECT_EQ(second_.asked(), 0u);
}

TEST(Authorizers, AreFoundByNameAndRefuseUnderNamesThatNobodyHas) {
  Authorizers authorizers;
  Authorizer& added = authorizers.Add("", std::make_unique<NoneAuthorizer>());
  EXPECT_EQ(&authorizers.Find(""), &added);
  EXPECT_EQ(Ask(authorizers.Find("x")).verdict, Verdict::kForbidden);
}

TEST(Authorizers, MayEndWhileQuestionsAreOpen) {
  std::future<Decision> open;
  {
    Authorizers authorizers;
    auto held = std::make_unique<ToldAuthorizer>(Verdict::kAllow);
    held->held = true;
    Authorizer& first = authorizers.Add("first", std::move(held));
    Authorizer& second = authorizers.Add("second", std::make_unique<NoneAuthorizer>());
    Authorizer& inner = authorizers.Add(
        "inner", std::make_unique<AnyOfAuthorizer>(std::vector<Authorizer*>{&first, &second}));
    Authorizer& outer = authorizers.Add(
        "outer", std::make_unique<AllOfAuthorizer>(std::vector<Authorizer*>{&inner, &second}));
    open = AskAsync(outer, {});
  }
  EXPECT_EQ(open.get().verdict, Verdict::kError);
}

}  // namespace
}  // namespace sluice
