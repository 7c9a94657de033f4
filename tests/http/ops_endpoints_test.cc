#include "nlohmann/json.hpp"
#include "tests/http/http_fixture.h"

namespace sluice {
namespace {

using ::testing::HasSubstr;
using Json = nlohmann::json;

class OpsEndpointsTest : public HttpFixture {
 protected:
  OpsEndpointsTest() { options_.public_stats = true; }

  RawResponse GetOps(std::string_view target, std::string_view fields = "") const {
    return RawClient(server_->ops_address()).Get(target, fields).ReadResponse();
  }
};

TEST_F(OpsEndpointsTest, IsHealthyWhileItLives) {
  options_.service_name = "sse-service";
  readiness_ = absl::UnavailableError("event log is away");
  Start();
  const RawResponse response = Get("/health");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(Json::parse(response.body), Json({{"status", "healthy"}, {"service", "sse-service"}}));
}

TEST_F(OpsEndpointsTest, SaysWhyItIsNotReady) {
  Start();
  EXPECT_EQ(Get("/ready").status, 200);
  readiness_ = absl::UnavailableError("event log is away");
  const RawResponse response = Get("/ready");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(Json::parse(response.body)["reason"], "event log is away");
  // The ops endpoints are not for EventSource.
  EXPECT_EQ(Get("/ready", kFromEventSource).status, 503);
}

TEST_F(OpsEndpointsTest, CountsWhoReadsWhat) {
  Start(2);
  Publish(MakeEvent("user/1", "one"));
  const RawClient one = OpenStream("/v1/user/1?token=good");
  const RawClient two = OpenStream("/v1/events?topic=user/1&topic=user/2&topic=news&token=good");
  Get("/nothing");
  const RawResponse response = Get("/v1/stats", kGood);
  ASSERT_EQ(response.status, 200);
  const Json stats = Json::parse(response.body);
  EXPECT_EQ(stats["subscribers"]["total"], 2);
  EXPECT_EQ(stats["subscribers"]["by_channel_type"], Json({{"news", 1}, {"user", 2}}));
  EXPECT_EQ(stats["subscribers"]["by_topic"], Json({{"news", 1}, {"user/1", 2}, {"user/2", 1}}));
  EXPECT_EQ(stats["position"], "000000000000000e-1");
  EXPECT_EQ(stats["refusals"]["not_found"], 1);
  EXPECT_EQ(stats["version"], "1.2.3");
  EXPECT_GE(stats["uptime_seconds"], 0);
}

TEST_F(OpsEndpointsTest, TellsHowSourcesAre) {
  context_.sources = [] { return std::vector<SourceStatistics>{{"health", true, 7, 2}}; };
  Start();
  metrics_.responses_skipped = 3;
  const Json stats = Json::parse(Get("/v1/stats", kGood).body);
  EXPECT_EQ(stats["sources"],
            Json({{"health", {{"connected", true}, {"events", 7}, {"failures", 2}}}}));
  EXPECT_EQ(stats["responses_skipped"], 3);
}

TEST_F(OpsEndpointsTest, AsksWhoMayReadStatistics) {
  authorizer_.On("weak").verdict = Decision::Verdict::kForbidden;
  Start();
  EXPECT_EQ(Get("/v1/stats").status, 401);
  EXPECT_EQ(Get("/v1/stats?token=weak").status, 403);
  EXPECT_EQ(Get("/v1/stats?token=good").status, 200);
  EXPECT_EQ(authorizer_.questions()[2].action, Action::kReadStats);
  EXPECT_TRUE(authorizer_.questions()[2].topics.empty());
}

TEST_F(OpsEndpointsTest, AskAboutStatisticsWhomIsAskedAboutAdministration) {
  TokenAuthorizer operators;
  operators.On("good").verdict = Decision::Verdict::kForbidden;
  context_.stats_authorizer = &operators;
  Start();
  EXPECT_EQ(Get("/v1/stats", kGood).status, 403);
  EXPECT_THAT(operators.questions(), testing::SizeIs(1));
  EXPECT_THAT(authorizer_.questions(), testing::IsEmpty());
}

// Whatever there will be of the kind: it is not for the public.
TEST_F(OpsEndpointsTest, HaveNoMetricsAndNoAdministrationOnThePublicAddress) {
  options_.ops_listen = "127.0.0.1:0";
  Start();
  for (const char* target :
       {"/metrics", "/admin", "/admin/subscribers", "/v1/metrics", "/v1/admin"}) {
    EXPECT_EQ(Get(target, kGood).status, 404) << target;
  }
  EXPECT_THAT(authorizer_.questions(), testing::IsEmpty());
}

TEST_F(OpsEndpointsTest, HaveNoMetricsAndNoAdministrationWhereThereIsOneAddressForAll) {
  Start();
  for (const char* target : {"/metrics", "/admin", "/admin/subscribers"}) {
    EXPECT_EQ(Get(target, kGood).status, 404) << target;
  }
}

TEST_F(OpsEndpointsTest, LiveOnAnAddressOfTheirOwn) {
  options_.ops_listen = "127.0.0.1:0";
  options_.public_stats = false;
  options_.demo_page = true;
  Start();
  EXPECT_EQ(GetOps("/health").status, 200);
  EXPECT_EQ(GetOps("/ready").status, 200);
  EXPECT_EQ(GetOps("/v1/stats", kGood).status, 200);
  EXPECT_EQ(GetOps("/open/1").status, 404);
  EXPECT_EQ(GetOps("/").status, 404);
  EXPECT_EQ(Get("/health").status, 404);
  EXPECT_EQ(Get("/ready").status, 404);
  EXPECT_EQ(Get("/v1/stats", kGood).status, 404);
}

TEST_F(OpsEndpointsTest, KeepStatisticsFromThePublicUnlessToldOtherwise) {
  options_.public_stats = HttpOptions().public_stats;
  Start();
  EXPECT_EQ(Get("/v1/stats", kGood).status, 404);
  EXPECT_EQ(Get("/health").status, 200);
  EXPECT_THAT(authorizer_.questions(), testing::IsEmpty());
}

TEST_F(OpsEndpointsTest, MayServeStatisticsToThePublicToo) {
  options_.ops_listen = "127.0.0.1:0";
  Start();
  EXPECT_EQ(Get("/v1/stats", kGood).status, 200);
  EXPECT_EQ(GetOps("/v1/stats", kGood).status, 200);
}

TEST_F(OpsEndpointsTest, ServesTheDemoPageWhereItIsOn) {
  options_.demo_page = true;
  Start();
  const RawResponse response = Get("/");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.Field("Content-Type"), "text/html; charset=utf-8");
  EXPECT_THAT(response.body, HasSubstr("<title>"));
}

TEST_F(OpsEndpointsTest, HasNoDemoPageOtherwise) {
  Start();
  EXPECT_EQ(Get("/").status, 404);
}

}  // namespace
}  // namespace sluice
