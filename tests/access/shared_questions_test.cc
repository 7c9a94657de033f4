#include "bridge/access/shared_questions.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sluice {
namespace {

AuthorizationRequest Ask(std::string credential) {
  AuthorizationRequest question;
  question.topics = {"room/1"};
  question.credential = std::move(credential);
  return question;
}

TEST(SharedQuestions, EqualOnesAreOne) {
  SharedQuestions questions;
  const Standing::Question one = questions.Share(Ask("a"));
  EXPECT_EQ(questions.Share(Ask("a")), one);
  EXPECT_NE(questions.Share(Ask("b")), one);
  EXPECT_EQ(one->credential, "a");
}

TEST(SharedQuestions, ThoseThatNobodyKeepsAreForgotten) {
  SharedQuestions questions;
  const Standing::Question kept = questions.Share(Ask("kept"));
  for (int i = 0; i < 10'000; ++i) questions.Share(Ask(std::to_string(i)));
  EXPECT_LT(questions.size(), 200u);
  EXPECT_EQ(questions.Share(Ask("kept")), kept);
}

}  // namespace
}  // namespace sluice
