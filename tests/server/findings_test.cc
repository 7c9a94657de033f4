#include "bridge/server/config/findings.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;

TEST(Findings, NameTheNearestPlaceThatWasWritten) {
  Findings findings;
  findings.Written("", "a.yaml");
  findings.Written("routes[2]", "a.yaml:7");
  findings.Written("routes[2].start", "a.yaml:9");
  findings.Error("routes[2].start", "is odd");
  findings.Error("routes[2].frames.rules[0].type", "is required");
  findings.Error("http.listen", "is odd");
  findings.Error("", "is empty");
  EXPECT_THAT(findings.errors(),
              ElementsAre("a.yaml:9: routes[2].start: is odd",
                          "a.yaml:7: routes[2].frames.rules[0].type: is required",
                          "a.yaml: http.listen: is odd", "a.yaml: is empty"));
  EXPECT_FALSE(findings.ok());
}

TEST(Findings, NameTheLatestPlace) {
  Findings findings;
  findings.Written("log.level", "a.yaml:1");
  findings.Written("log.level", "SLUICE_LOG_LEVEL");
  findings.Warning("log.level", "is odd");
  EXPECT_THAT(findings.warnings(), ElementsAre("SLUICE_LOG_LEVEL: log.level: is odd"));
  EXPECT_TRUE(findings.ok());
}

TEST(Findings, AreOneLineEachThatATerminalCanShow) {
  Findings findings;
  findings.Error("a\x1b[31m.b\r\n", "holds \x7f, \xc2\x9b, \xff\xfe and \xc3\xbc");
  findings.Warning("c\n", "is odd");
  EXPECT_THAT(
      findings.errors(),
      ElementsAre("a\\x1b[31m.b\\x0d\\x0a: holds \\x7f, \\xc2\\x9b, \\xff\\xfe and \xc3\xbc"));
  EXPECT_THAT(findings.warnings(), ElementsAre("c\\x0a: is odd"));
}

TEST(DidYouMean, NamesTheNearestAndOnlyIfItIsNear) {
  const std::vector<std::string> known = {"listen", "ops_listen", "cors"};
  EXPECT_EQ(DidYouMean("listn", known), "; did you mean `listen`?");
  EXPECT_EQ(DidYouMean("crs", known), "; did you mean `cors`?");
  EXPECT_EQ(DidYouMean("opslisten", known), "; did you mean `ops_listen`?");
  EXPECT_EQ(DidYouMean("something_else", known), "");
  EXPECT_EQ(DidYouMean(std::string(100'000, 'x'), known), "");
  EXPECT_EQ(DidYouMean("x", {}), "");
}

}  // namespace
}  // namespace sluice
