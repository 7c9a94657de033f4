// Whether a bridge is one of a fleet, by its configuration.
#include "bridge/server/config/fleet.h"

#include "bridge/server/config/server_options.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Built {
  std::optional<FleetOptions> fleet;
  Findings findings;
};

Built Build(const std::string& yaml) {
  Flags flags;
  flags.config_file = "/etc/sluice/sluice.yaml";
  ReadConfig read = Read(yaml);
  Built built;
  built.fleet = BuildServerOptions(read.config, flags, &read.findings).fleet;
  built.findings = std::move(read.findings);
  return built;
}

TEST(FleetConfig, IsNoneWhereNothingIsSaid) {
  EXPECT_FALSE(Build("").fleet);
  EXPECT_FALSE(Build("event_log: {memory: {}}").fleet);
}

#if SLUICE_FLEET

TEST(FleetConfig, SaysWhereItMeetsAndAsWhom) {
  const Built built = Build(R"(
fleet:
  name: node-1
  subject: acme.bridges
  nats:
    servers: ["tls://one:4222", "tls://two:4222"]
    credentials_file: nats.creds
    tls: {ca_file: ca.pem, server_name: nats}
access: {max_age: 2m, grace: 30s}
)");
  EXPECT_THAT(built.findings.errors(), IsEmpty());
  ASSERT_TRUE(built.fleet);
  EXPECT_EQ(built.fleet->name, "node-1");
  EXPECT_EQ(built.fleet->subject, "acme.bridges");
  EXPECT_THAT(built.fleet->nats.servers, ElementsAre("tls://one:4222", "tls://two:4222"));
  EXPECT_EQ(built.fleet->nats.credentials_file, "/etc/sluice/nats.creds");
  EXPECT_TRUE(built.fleet->nats.tls);
  EXPECT_EQ(built.fleet->revocations_kept, absl::Seconds(150)) << "as long as an answer lives";
}

TEST(FleetConfig, KeepsRevocationsForAnHourWhereAnswersLiveForEver) {
  const Built built = Build("fleet: {nats: {servers: [a]}}\naccess: {max_age: 0s}");
  ASSERT_TRUE(built.fleet);
  EXPECT_EQ(built.fleet->revocations_kept, absl::Hours(1));
  EXPECT_EQ(built.fleet->subject, "sluice.fleet");
}

TEST(FleetConfig, RefusesWhatCannotBe) {
  const auto errors = [](const std::string& yaml) { return Build(yaml).findings.errors(); };
  EXPECT_THAT(errors("fleet: {name: a}"), Contains(HasSubstr("fleet.nats.servers: is required")));
  EXPECT_THAT(errors("fleet: {nats: {}}"), Contains(HasSubstr("fleet.nats.servers: is required")));
  EXPECT_THAT(errors("fleet: {nats: {servers: ['nats://u:p@a']}}"),
              Contains(HasSubstr("fleet.nats.servers[0]: holds credentials")));
  EXPECT_THAT(errors("fleet: {nats: {servers: ['tls://a']}}"),
              Contains(HasSubstr("fleet.nats.servers[0]: needs fleet.nats.tls")));
  EXPECT_THAT(errors("fleet: {nats: {servers: [a], user: u}}"),
              Contains(HasSubstr("fleet.nats.user: and password_file go together")));
  EXPECT_THAT(errors("fleet: {nats: {servers: [a], credentials_file: c, token_file: t}}"),
              Contains(HasSubstr("fleet.nats: has more than one of")));
  EXPECT_THAT(errors("fleet: {subject: 'a.>', nats: {servers: [a]}}"),
              Contains(HasSubstr("fleet.subject: is not made of letters")));
  EXPECT_THAT(errors("fleet: {subject: 'a..b', nats: {servers: [a]}}"),
              Contains(HasSubstr("fleet.subject: is not made of letters")));
  EXPECT_THAT(errors("fleet: {name: \"a\\nb\", nats: {servers: [a]}}"),
              Contains(HasSubstr("fleet.name: is longer than")));
}

#if SLUICE_JETSTREAM
TEST(FleetConfig, IsThereWhereTheEventLogIsShared) {
  const std::string log = "event_log: {jetstream: {servers: [a], subject_prefix: events}}\n";
  const Built built = Build(log);
  ASSERT_TRUE(built.fleet);
  EXPECT_THAT(built.fleet->nats.servers, ElementsAre("a"));
  EXPECT_EQ(built.fleet->subject, "events.fleet");
  const Built named = Build(log + "fleet: {name: n, nats: {servers: [b]}}");
  ASSERT_TRUE(named.fleet);
  EXPECT_EQ(named.fleet->name, "n");
  EXPECT_THAT(named.fleet->nats.servers, ElementsAre("b"));
}
#endif

#else

TEST(FleetConfig, SaysThatItIsNotBuiltIn) {
  EXPECT_THAT(Build("fleet: {nats: {servers: [a]}}").findings.errors(),
              ElementsAre(HasSubstr("fleet: is not built in")));
}

#endif

}  // namespace
}  // namespace sluice
