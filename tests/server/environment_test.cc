#include "bridge/server/config/environment.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Applied {
  config::v1::Config config;
  Findings findings;
};

Applied Apply(const Environment& environment) {
  Applied applied;
  applied.config.mutable_http()->set_listen("127.0.0.1:1");
  applied.config.mutable_http()->mutable_cors()->add_origins("https://old");
  ApplyEnvironment(environment, &applied.config, &applied.findings);
  return applied;
}

TEST(Environment, OverridesFieldsByTheirPath) {
  const Applied applied = Apply({
      {"SLUICE_HTTP_LISTEN", "0.0.0.0:80"},
      {"SLUICE_LOG_LEVEL", "debug"},
      {"SLUICE_SERVICE_NAME", "other"},
      {"SLUICE_DEFAULT_ROUTES", "false"},
      {"SLUICE_DRAIN_TIMEOUT", "3s"},
      {"SLUICE_LIMITS_PAYLOAD_BYTES", "1MiB"},
      {"SLUICE_HTTP_CORS_ORIGINS", "https://a, https://b"},
      {"SLUICE_AUTHORIZER_GRPC_ADDRESS", "auth:1"},
      {"SLUICE_DEFAULTS_HEARTBEAT_INTERVAL", "0s"},
      {"HTTP_LISTEN", "ignored"},
  });
  EXPECT_THAT(applied.findings.errors(), IsEmpty());
  EXPECT_THAT(applied.findings.warnings(), IsEmpty());
  EXPECT_EQ(applied.config.http().listen(), "0.0.0.0:80");
  EXPECT_EQ(applied.config.log().level(), "debug");
  EXPECT_EQ(applied.config.service_name(), "other");
  EXPECT_TRUE(applied.config.has_default_routes());
  EXPECT_FALSE(applied.config.default_routes());
  EXPECT_EQ(applied.config.drain_timeout().seconds(), 3);
  EXPECT_EQ(applied.config.limits().payload_bytes(), 1u << 20);
  EXPECT_THAT(applied.config.http().cors().origins(), ElementsAre("https://a", "https://b"));
  EXPECT_EQ(applied.config.authorizer().grpc().address(), "auth:1");
  EXPECT_TRUE(applied.config.defaults().heartbeat().has_interval());
}

TEST(Environment, AnEmptyVariableIsUnset) {
  const Applied applied = Apply({{"SLUICE_HTTP_LISTEN", ""}, {"SLUICE_HUB_SHARDS", ""}});
  EXPECT_EQ(applied.config.http().listen(), "127.0.0.1:1");
  EXPECT_THAT(applied.findings.errors(), IsEmpty());
}

TEST(Environment, ABadValueNamesTheVariable) {
  EXPECT_THAT(Apply({{"SLUICE_HUB_SHARDS", "many"}}).findings.errors(),
              ElementsAre("SLUICE_HUB_SHARDS: hub.shards: \"many\" is not a number of 0 or more"));
  EXPECT_THAT(Apply({{"SLUICE_SERVICE_NAME", "\xff"}}).findings.errors(),
              ElementsAre("SLUICE_SERVICE_NAME: service_name: is not UTF-8"));
}

TEST(Environment, WhatFitsNothingIsAWarning) {
  const Applied applied = Apply({{"SLUICE_PORT_8080_TCP_ADDR", "10.0.0.1"},
                                 {"SLUICE_HTTP_LISTN", "x"},
                                 {"SLUICE_HTTP", "x"},
                                 {"SLUICE_ROUTES", "x"}});
  EXPECT_THAT(applied.findings.errors(), IsEmpty());
  EXPECT_THAT(applied.findings.warnings(),
              ::testing::UnorderedElementsAre(
                  "SLUICE_PORT_8080_TCP_ADDR sets nothing",
                  "SLUICE_HTTP_LISTN sets nothing; did you mean `SLUICE_HTTP_LISTEN`?",
                  HasSubstr("SLUICE_HTTP sets nothing"), HasSubstr("SLUICE_ROUTES sets nothing")));
}

TEST(Environment, ReadsTheProcess) {
  ::setenv("SLUICE_TEST_OF_ENVIRONMENT", "a=b", 1);
  EXPECT_EQ(ProcessEnvironment().at("SLUICE_TEST_OF_ENVIRONMENT"), "a=b");
  ::unsetenv("SLUICE_TEST_OF_ENVIRONMENT");
}

}  // namespace
}  // namespace sluice
