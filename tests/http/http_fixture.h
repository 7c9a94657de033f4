// A whole HTTP side: real hub, event log, routes and sockets; only the tokens
// are the test's.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bridge/base/clock.h"
#include "bridge/base/metrics.h"
#include "bridge/event_log/memory/memory_event_log.h"
#include "bridge/http/http_server.h"
#include "bridge/hub/hub.h"
#include "bridge/route/route_table.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/fakes/events.h"
#include "tests/http/raw_client.h"
#include "tests/http/token_authorizer.h"

namespace sluice {

class HttpFixture : public testing::Test {
 protected:
  static constexpr Epoch kEpoch = 0xe;

  HttpFixture() {
    options_.listen = "127.0.0.1:0";
    authorizer_.On("good").subject = "42";
    AddRoute("/v1/{type}/{id}", {"{type}/{id}"}).capture_values["type"] = {"conversation", "user"};
    AddRoute("/v1/events", {});
    AddRoute("/open/{id}", {"open/{id}"}).is_public = true;
    AddRoute("/me", {"user/{subject}"});
  }
  ~HttpFixture() override { Stop(); }

  Route& AddRoute(std::string_view path, std::vector<std::string> topics) {
    Route route{*PathTemplate::Parse(path)};
    route.topics = std::move(topics);
    route.connect.event = "hello";
    routes_.push_back(std::move(route));
    return routes_.back();
  }

  void Start(uint32_t shards = 1) {
    hub_ = std::make_unique<Hub>(shards, ShardOptions{}, *log_, Clock::System(), metrics_);
    log_->Start(hub_.get());
    table_ = std::make_unique<RouteTable>(*RouteTable::Build(routes_));
    HttpContext& context = context_;
    context.routes = table_.get();
    context.hub = hub_.get();
    context.authorizer = &authorizer_;
    if (context.stats_authorizer == nullptr) context.stats_authorizer = &authorizer_;
    if (context.clock == nullptr) context.clock = &Clock::System();
    context.metrics = &metrics_;
    context.readiness = [this] { return readiness_; };
    context.started_at = Clock::System().Now();
    context.version = "1.2.3";
    server_ = std::make_unique<HttpServer>(options_, context);
    const absl::Status listening = server_->Listen();
    ASSERT_TRUE(listening.ok()) << listening;
    hub_->Start();
  }
  void Stop() {
    server_.reset();
    if (hub_) hub_->Stop();
  }

  RawClient Connect() const { return RawClient(server_->address()); }
  RawResponse Get(std::string_view target, std::string_view fields = "") const {
    return Connect().Get(target, fields).ReadResponse();
  }
  // A stream that has been opened, its first block read.
  RawClient OpenStream(std::string_view target, std::string_view fields = "") const {
    RawClient client = Connect();
    const RawResponse response = client.Get(target, fields).ReadResponse();
    EXPECT_EQ(response.status, 200) << response.head;
    EXPECT_THAT(client.ReadUntil("\n\n"), testing::HasSubstr("event: hello\n"));
    return client;
  }
  EventId Publish(Event event) { return Append(*log_, {std::move(event)}).value().front().id; }
  uint64_t Refusals(Reason reason) const {
    return metrics_.refusals[static_cast<size_t>(reason)].load();
  }

  HttpOptions options_;
  HttpContext context_;
  std::vector<Route> routes_;
  absl::Status readiness_;
  Metrics metrics_;
  std::unique_ptr<EventLog> log_ = MakeMemoryEventLog({.epoch = kEpoch}, Clock::System());
  std::unique_ptr<RouteTable> table_;
  std::unique_ptr<Hub> hub_;
  // Its last answers still find the shards.
  TokenAuthorizer authorizer_;
  std::unique_ptr<HttpServer> server_;
};

inline constexpr std::string_view kGood = "Authorization: Bearer good\r\n";
inline constexpr std::string_view kFromEventSource =
    "Accept: text/event-stream\r\nCache-Control: no-cache\r\n";

}  // namespace sluice
