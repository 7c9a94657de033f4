#include "bridge/server/config/flags.h"

#include "absl/strings/match.h"
#include "gtest/gtest.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

std::string FaultOf(const std::vector<std::string>& arguments) {
  return std::string(ParseFlags(arguments).status().message());
}

TEST(Flags, ParsesValuesBehindASpaceOrAnEqualsSign) {
  const auto flags =
      ParseFlags({"--config", "a.yaml", "--http-listen=[::1]:0", "--grpc-listen", "127.0.0.1:0",
                  "--log-level=debug", "--log-format", "json", "--dev", "--check-config"});
  ASSERT_TRUE(flags.ok()) << flags.status();
  EXPECT_EQ(flags->config_file, "a.yaml");
  EXPECT_EQ(flags->http_listen, "[::1]:0");
  EXPECT_EQ(flags->grpc_listen, "127.0.0.1:0");
  EXPECT_EQ(flags->log_level, "debug");
  EXPECT_EQ(flags->log_format, "json");
  EXPECT_TRUE(flags->dev);
  EXPECT_TRUE(flags->check_config);
  EXPECT_FALSE(flags->version);
  EXPECT_FALSE(flags->help);
}

TEST(Flags, NoneIsFine) { EXPECT_TRUE(ParseFlags({}).ok()); }

TEST(Flags, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(FaultOf({"--confg", "a"}), "--confg: unknown flag; did you mean `--config`?");
  EXPECT_EQ(FaultOf({"-x"}), "-x: unknown flag");
  EXPECT_EQ(FaultOf({"a.yaml"}), "a.yaml: is not a flag");
  EXPECT_EQ(FaultOf({""}), ": is not a flag");
}

TEST(Flags, RefusesValuesThatAreMissingOrTooMany) {
  EXPECT_EQ(FaultOf({"--config"}), "--config: needs a value");
  EXPECT_EQ(FaultOf({"--config", "--dev"}), "--config: needs a value");
  EXPECT_EQ(FaultOf({"--config="}), "--config: needs a value");
  EXPECT_EQ(FaultOf({"--dev=true"}), "--dev: takes no value");
}

TEST(Flags, OverrideTheConfigurationAndSaySo) {
  config::v1::Config config;
  config.mutable_http()->set_listen("file");
  config.mutable_log()->set_level("file");
  Findings findings;
  ApplyFlags(*ParseFlags({"--http-listen=flag"}), &config, &findings);
  EXPECT_EQ(config.http().listen(), "flag");
  EXPECT_EQ(config.log().level(), "file");
  findings.Error("http.listen", "is odd");
  EXPECT_EQ(findings.errors()[0], "--http-listen: http.listen: is odd");
}

TEST(Flags, UsageNamesEveryOne) {
  for (const char* flag : {"--config", "--http-listen", "--grpc-listen", "--log-level",
                           "--log-format", "--dev", "--check-config", "--version", "--help"}) {
    EXPECT_TRUE(absl::StrContains(kUsage, flag)) << flag;
  }
}

}  // namespace
}  // namespace sluice
