#include "bridge/server/config/config.h"

#include <fstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Written(const std::string& yaml) {
  const std::string file = testing::TempDir() + "config_test.yaml";
  std::ofstream(file) << yaml;
  return file;
}

TEST(Config, FlagsComeBeforeTheEnvironmentAndThatBeforeTheFile) {
  Flags flags;
  flags.config_file =
      Written("http: {listen: file}\ngrpc: {listen: file}\nlog: {level: file, format: file}");
  flags.http_listen = "flag";
  Findings findings;
  const config::v1::Config config = LoadConfig(
      flags, {{"SLUICE_HTTP_LISTEN", "environment"}, {"SLUICE_LOG_LEVEL", "environment"}},
      &findings);
  EXPECT_THAT(findings.errors(), IsEmpty());
  EXPECT_EQ(config.http().listen(), "flag");
  EXPECT_EQ(config.log().level(), "environment");
  EXPECT_EQ(config.grpc().listen(), "file");
}

TEST(Config, ACommaSeparatedListReplacesTheFilesList) {
  Flags flags;
  flags.config_file = Written("http: {cors: {origins: [https://a, https://b]}}");
  Findings findings;
  const config::v1::Config config =
      LoadConfig(flags, {{"SLUICE_HTTP_CORS_ORIGINS", "https://c"}}, &findings);
  EXPECT_THAT(config.http().cors().origins(), ElementsAre("https://c"));
}

TEST(Config, AFileThatCannotBeReadIsNamed) {
  for (const std::string file : {"/no/such/file.yaml", "/tmp"}) {
    Flags flags;
    flags.config_file = file;
    Findings findings;
    LoadConfig(flags, {}, &findings);
    EXPECT_THAT(findings.errors(), ElementsAre(HasSubstr(file + " cannot be read: ")));
  }
}

TEST(Config, AnEndlessFileIsRefused) {
  Flags flags;
  flags.config_file = "/dev/zero";
  Findings findings;
  LoadConfig(flags, {}, &findings);
  EXPECT_THAT(findings.errors(), ElementsAre("/dev/zero: is larger than 1048576 bytes"));
}

}  // namespace
}  // namespace sluice
