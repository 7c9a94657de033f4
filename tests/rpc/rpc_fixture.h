// A whole gRPC side: real hub, event log, schema, sockets; only the tokens and the
// clock are the test's.
#pragma once

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "bridge/base/metrics.h"
#include "bridge/event_log/memory/memory_event_log.h"
#include "bridge/fleet/local_fleet.h"
#include "bridge/fleet/node.h"
#include "bridge/hub/disconnecting.h"
#include "bridge/hub/hub.h"
#include "bridge/rpc/rpc_server.h"
#include "bridge/schema/ingest.h"
#include "sluice/v1/admin.grpc.pb.h"
#include "sluice/v1/publisher.grpc.pb.h"
#include "sluice/v1/subscriber.grpc.pb.h"
#include "tests/fakes/fake_clock.h"
#include "tests/http/token_authorizer.h"
#include "tests/schema/test_schema.h"

namespace sluice {

class RpcFixture : public testing::Test {
 protected:
  static constexpr char kGood[] = "Bearer good";

  explicit RpcFixture(const JsonOptions& json = {}) : schema_(ChatSchema(json)) {
    options_.listen = "127.0.0.1:0";
    authorizer_.On("good").subject = "ada";
  }
  ~RpcFixture() override { Stop(); }

  void Start(std::unique_ptr<EventLog> log = nullptr) {
    log_ = log != nullptr ? std::move(log) : MakeMemoryEventLog({.epoch = 0xe}, clock_);
    hub_ = std::make_unique<Hub>(2, ShardOptions{}, *log_, clock_, metrics_);
    disconnects_ = std::make_unique<LocalDisconnects>(*hub_, revocations_);
    node_ = std::make_unique<Node>(NodeContext{.hub = hub_.get(),
                                               .log = log_.get(),
                                               .disconnects = disconnects_.get(),
                                               .clock = &clock_,
                                               .metrics = &metrics_,
                                               .started_at = clock_.Now(),
                                               .version = "1.2.3"});
    fleet_ = std::make_unique<LocalFleet>(*node_);
    log_->Start(hub_.get());
    hub_->Start();
    server_ = std::make_unique<RpcServer>(options_, Context());
    const absl::Status started = server_->Start();
    ASSERT_TRUE(started.ok()) << started;
    server_->SetServing(true);
    channel_ = NewChannel();
    publisher_ = v1::Publisher::NewStub(channel_);
    subscriber_ = v1::Subscriber::NewStub(channel_);
    admin_ = v1::Admin::NewStub(channel_);
  }
  void Stop() {
    if (server_ != nullptr) server_->Shutdown(absl::Now() + absl::Seconds(5));
    if (hub_ != nullptr) hub_->Stop();
    server_.reset();
  }

  RpcContext Context() {
    return {.hub = hub_.get(),
            .log = log_.get(),
            .authorizer = subscribe_authorizer_,
            .publish_authorizer = publish_authorizer_,
            .admin_authorizer = &authorizer_,
            .reflection_authorizer = reflection_authorizer_,
            .revocations = &revocations_,
            .fleet = fleet_.get(),
            .ingest = &ingest_,
            .schema = schema_,
            .clock = &clock_,
            .metrics = &metrics_};
  }

  std::shared_ptr<grpc::Channel> NewChannel(grpc::ChannelArguments arguments = {}) const {
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(server_->address(), grpc::InsecureChannelCredentials(),
                                     arguments);
  }
  // A call's context; it cannot hang a test for ever.
  static std::unique_ptr<grpc::ClientContext> Call(const char* authorization = kGood) {
    auto context = std::make_unique<grpc::ClientContext>();
    context->set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(60)));
    if (*authorization != '\0') context->AddMetadata("authorization", authorization);
    return context;
  }

  template <typename Request>
  static Request Texts(const std::string& topic, std::initializer_list<std::string> texts) {
    Request request;
    for (const std::string& text : texts) {
      v1::Event* event = request.add_events();
      event->set_topic(topic);
      event->set_text(text);
    }
    return request;
  }
  // One event of which only the topic and the text are set already.
  static v1::PublishRequest Text(const std::string& topic, const std::string& text) {
    return Texts<v1::PublishRequest>(topic, {text});
  }
  static v1::PublishStreamRequest StreamText(const std::string& topic, const std::string& text) {
    return Texts<v1::PublishStreamRequest>(topic, {text});
  }

  grpc::Status Publish(const v1::PublishRequest& request, v1::PublishResponse* response,
                       const char* authorization = kGood) {
    return publisher_->Publish(Call(authorization).get(), request, response);
  }
  // Its id.
  std::string PublishText(const std::string& topic, const std::string& text) {
    return PublishOne(Text(topic, text));
  }
  std::string PublishOne(const v1::PublishRequest& request) {
    v1::PublishResponse response;
    const grpc::Status status = Publish(request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.results().empty() ? "" : response.results(0).id();
  }

  // Until it is so; a test that waits in vain fails.
  template <typename Condition>
  static void WaitUntil(Condition condition) {
    const absl::Time give_up = absl::Now() + absl::Seconds(30);
    while (!condition()) {
      ASSERT_LT(absl::Now(), give_up);
      std::this_thread::yield();
    }
  }

  RpcOptions options_;
  const std::shared_ptr<SchemaRegistry> schema_;
  FakeClock clock_;
  Metrics metrics_;
  JsonTranscoder transcoder_{schema_};
  Ingest ingest_{transcoder_, clock_, 100};
  std::unique_ptr<EventLog> log_;
  Revocations revocations_;
  std::unique_ptr<Hub> hub_;
  std::unique_ptr<LocalDisconnects> disconnects_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<LocalFleet> fleet_;
  TokenAuthorizer authorizer_;  // its last answers come to the hub's threads
  Authorizer* subscribe_authorizer_ = &authorizer_;
  Authorizer* publish_authorizer_ = &authorizer_;
  Authorizer* reflection_authorizer_ = nullptr;
  std::unique_ptr<RpcServer> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Publisher::Stub> publisher_;
  std::unique_ptr<v1::Subscriber::Stub> subscriber_;
  std::unique_ptr<v1::Admin::Stub> admin_;
};

}  // namespace sluice
