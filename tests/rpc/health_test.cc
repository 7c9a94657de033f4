#include "grpc/health/v1/health.grpc.pb.h"
#include "tests/rpc/rpc_fixture.h"

namespace sluice {
namespace {

using grpc::StatusCode;
using grpc::health::v1::Health;
using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

class HealthTest : public RpcFixture {
 protected:
  HealthTest() {
    Start();
    health_ = Health::NewStub(channel_);
  }

  HealthCheckRequest Of(const std::string& service) {
    HealthCheckRequest request;
    request.set_service(service);
    return request;
  }

  std::unique_ptr<Health::Stub> health_;
};

TEST_F(HealthTest, AnswersForTheServerAndEachService) {
  HealthCheckResponse response;
  for (const char* service :
       {"", "sluice.v1.Publisher", "sluice.v1.Subscriber", "sluice.v1.Admin"}) {
    ASSERT_TRUE(health_->Check(Call("").get(), Of(service), &response).ok()) << service;
    EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  }
  server_->SetServing(false);
  ASSERT_TRUE(health_->Check(Call("").get(), Of(""), &response).ok());
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(health_->Check(Call("").get(), Of("acme.Other"), &response).error_code(),
            StatusCode::NOT_FOUND);
}

TEST_F(HealthTest, TellsWatchersOfEveryChangeUntilItDrains) {
  const auto context = Call("");
  auto watch = health_->Watch(context.get(), Of(""));
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  server_->SetServing(false);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  server_->SetServing(true);
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  server_->Shutdown(absl::Now() + absl::Seconds(30));
  while (watch->Read(&response)) EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(HealthTest, SaysToWatchersThatItDoesNotKnowAService) {
  const auto context = Call("");
  auto watch = health_->Watch(context.get(), Of("acme.Other"));
  HealthCheckResponse response;
  ASSERT_TRUE(watch->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVICE_UNKNOWN);
  context->TryCancel();
  EXPECT_EQ(watch->Finish().error_code(), StatusCode::CANCELLED);
}

}  // namespace
}  // namespace sluice
