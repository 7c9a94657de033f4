#include "bridge/route/text_template.h"

#include <string>

#include "gtest/gtest.h"

namespace sluice {
namespace {

std::string Show(std::string_view text) {
  const auto parts = SplitTemplate(text);
  if (!parts.ok()) return "refused";
  std::string shown;
  for (const TemplatePart& part : *parts) {
    shown += part.is_name ? "<" : "[";
    shown += part.text;
    shown += part.is_name ? ">" : "]";
  }
  return shown;
}

TEST(TextTemplate, SplitsLiteralsFromNames) {
  EXPECT_EQ(Show(""), "");
  EXPECT_EQ(Show("plain/text"), "[plain/text]");
  EXPECT_EQ(Show("session/{session_id}"), "[session/]<session_id>");
  EXPECT_EQ(Show("{a}{b}-{query.message-id}!"), "<a><b>[-]<query.message-id>[!]");
}

TEST(TextTemplate, RefusesBracesThatHoldNoName) {
  for (const char* text : {"{", "}", "{}", "a{", "a}b", "{a", "{{a}}", "{a b}", "{9}", "{a-b}",
                           "{query.}", "{query.{a}}", "{query.a", "}{a}"}) {
    EXPECT_EQ(Show(text), "refused") << text;
  }
}

}  // namespace
}  // namespace sluice
