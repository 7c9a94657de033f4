// The HTTP side with routes whose streams are what a backend answers; what the backend
// says is the test's.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "bridge/schema/schema_registry.h"
#include "tests/http/http_fixture.h"
#include "tests/http/scripted_calls.h"

namespace sluice {

class CallFixture : public HttpFixture {
 protected:
  static constexpr std::string_view kMethod = "sluice.v1.EventSource/Watch";

  CallFixture() {
    schema_ = *SchemaRegistry::Load({}, JsonOptions{});
    context_.relay = &calls_;
    context_.schema = schema_.get();
  }
  ~CallFixture() override { Stop(); }

  // Open to all, with both methods, and no connect event.
  Route& AddCall(std::string_view path) {
    Route& route = AddRoute(path, {});
    route.is_public = true;
    route.post = true;
    route.connect.enabled = false;
    route.call.emplace();
    route.call->backend = "watcher";
    route.call->method = std::string(kMethod);
    route.call->header_wait = absl::Seconds(20);  // longer than a test is patient
    return route;
  }
  RawClient Post(std::string_view target, std::string_view body,
                 std::string_view fields = "Content-Type: application/json\r\n") const {
    RawClient client = Connect();
    client.Send("POST " + std::string(target) + " HTTP/1.1\r\nHost: sluice\r\n" +
                std::string(fields) + "Content-Length: " + std::to_string(body.size()) +
                "\r\n\r\n" + std::string(body));
    return client;
  }
  uint64_t Disconnects(Reason reason) const {
    return metrics_.disconnects[static_cast<size_t>(reason)].load();
  }
  static Event Said(std::string data) { return MakeEvent("", std::move(data), "word"); }

  std::shared_ptr<SchemaRegistry> schema_;
  ScriptedCalls calls_;
};

}  // namespace sluice
