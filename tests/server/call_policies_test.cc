#include "bridge/server/config/call_policies.h"

#include "bridge/server/config/backends.h"
#include "bridge/server/config/routes.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/own_schema.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

struct Built {
  std::vector<Route> routes;
  std::vector<std::string> errors;
};

// The methods that are known are those of the bridge's own services.
Built Build(const std::string& route, const Environment& environment = {}) {
  ReadConfig read = Read(
      "default_routes: false\n"
      "backends: {analyst: {address: 'a:1', reflection: false}}\n"
      "routes:\n- " +
          route,
      environment);
  Built built;
  const KnownServices services(BuildBackends(read.config, "", &read.findings), OwnSchema());
  built.routes = BuildRoutes(read.config, services, &read.findings);
  built.errors = read.findings.errors();
  return built;
}

#define SUBSCRIBE "backend: analyst, method: sluice.v1.Subscriber/Subscribe"

TEST(CallPolicies, HaveTheirDefaults) {
  const Built built = Build("{path: /ask, call: {" SUBSCRIBE "}}");
  ASSERT_THAT(built.errors, IsEmpty());
  const Route& route = built.routes.at(0);
  EXPECT_TRUE(route.get);
  EXPECT_FALSE(route.post);
  ASSERT_TRUE(route.call.has_value());
  EXPECT_EQ(route.call->backend, "analyst");
  EXPECT_EQ(route.call->method, "sluice.v1.Subscriber/Subscribe");
  EXPECT_EQ(route.call->mode, CallPolicy::Mode::kPerRequest);
  EXPECT_EQ(route.call->resume, CallPolicy::Resume::kRestart);
  EXPECT_EQ(route.call->request, std::nullopt);
  EXPECT_EQ(route.call->deadline, absl::InfiniteDuration());
  EXPECT_EQ(route.call->header_wait, absl::Seconds(2));
  EXPECT_EQ(route.call->linger, absl::Seconds(10));
  EXPECT_FALSE(route.call->done.has_value());
  EXPECT_EQ(route.call->error.event, "error");
  EXPECT_EQ(route.call->error.data, R"({"code":"${code}","message":"${message}"})");
}

TEST(CallPolicies, AreReadWhole) {
  const Built built = Build(R"(
  path: /ask/{id}
  topics: ["user/{subject}"]
  methods: [GET, POST]
  description: Answers.
  messages: [sluice.v1.Event, sluice.v1.*]
  call:
    backend: analyst
    method: sluice.v1.Subscriber/Subscribe
    mode: per_request
    request:
      topics: ["{id}/{subject}", "{query.a b}"]
      lastEventId: "${WHO:-nobody} {body.last}"
      attributes: {any: "{body.x}"}
    headers: [authorization, x-tenant, x-tenant]
    metadata: {x-from: bridge}
    deadline: 1m
    header_wait: 1s
    resume: refuse
    done: {data: {status: complete, at: "${now}"}}
    error: {event: failed, data: {error: "${code}: ${message}"}}
)",
                            {{"WHO", "me"}});
  ASSERT_THAT(built.errors, IsEmpty());
  const Route& route = built.routes.at(0);
  EXPECT_TRUE(route.get);
  EXPECT_TRUE(route.post);
  EXPECT_EQ(route.description, "Answers.");
  EXPECT_THAT(route.messages, ElementsAre("sluice.v1.Event", "sluice.v1.*"));
  const CallPolicy& call = *route.call;
  EXPECT_EQ(call.request, R"({"attributes":{"any":"{body.x}"},"lastEventId":"me {body.last}",)"
                          R"("topics":["{id}/{subject}","{query.a b}"]})");
  EXPECT_THAT(call.headers, ElementsAre("authorization", "x-tenant"));
  EXPECT_THAT(call.metadata, ElementsAre(Pair("x-from", "bridge")));
  EXPECT_EQ(call.deadline, absl::Minutes(1));
  EXPECT_EQ(call.header_wait, absl::Seconds(1));
  EXPECT_EQ(call.resume, CallPolicy::Resume::kRefuse);
  ASSERT_TRUE(call.done.has_value());
  EXPECT_EQ(call.done->event, "done");
  EXPECT_EQ(call.done->data, R"({"at":"${now}","status":"complete"})");
  EXPECT_EQ(call.error.event, "failed");
  EXPECT_EQ(call.error.data, R"({"error":"${code}: ${message}"})");
}

TEST(CallPolicies, OnDemandFeedOneTopic) {
  const Built built =
      Build("{path: '/chat/{id}', topics: 'chat/{id}', methods: POST, call: {" SUBSCRIBE
            ", mode: on_demand, linger: 0s, done: {}}}");
  ASSERT_THAT(built.errors, IsEmpty());
  const Route& route = built.routes.at(0);
  EXPECT_FALSE(route.get);
  EXPECT_TRUE(route.post);
  EXPECT_EQ(route.call->mode, CallPolicy::Mode::kOnDemand);
  EXPECT_EQ(route.call->linger, absl::ZeroDuration());
  EXPECT_EQ(route.call->done->event, "done");
  EXPECT_EQ(route.call->done->data, "{}");
}

struct Bad {
  const char* route;
  const char* error;
};

class RefusedCall : public testing::TestWithParam<Bad> {};
TEST_P(RefusedCall, WithItsPath) {
  EXPECT_THAT(Build(GetParam().route).errors, ElementsAre(HasSubstr(GetParam().error)));
}
INSTANTIATE_TEST_SUITE_P(
    CallPolicies, RefusedCall,
    testing::Values(
        Bad{"{path: /a, methods: [GET, POST]}",
            "routes[0].methods[1]: POST is for routes with a `call`"},
        Bad{"{path: /a, methods: [get]}", "routes[0].methods[0]: \"get\" is none of: GET, POST"},
        Bad{"{path: /asyncapi.json}", "/asyncapi.json is served by the bridge itself"},
        Bad{"{path: /a, call: {method: sluice.v1.Subscriber/Subscribe}}",
            "routes[0].call.backend: is required"},
        Bad{"path: /a\n  call:\n    method: sluice.v1.Subscriber/Subscribe\n    backend: analist",
            "sluice.yaml:7: routes[0].call.backend: \"analist\" is none of backends: analyst"},
        Bad{"{path: /a, call: {backend: analyst}}", "routes[0].call.method: is required"},
        Bad{"{path: /a, call: {backend: analyst, method: a}}",
            "routes[0].call.method: \"a\" is not the name of a method"},
        Bad{"{path: /a, call: {backend: analyst, method: a.B/C}}",
            "routes[0].call.method: a.B/C is unknown"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", mode: pull}}",
            "routes[0].call.mode: \"pull\" is none of: per_request, on_demand"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", resume: no}}",
            "routes[0].call.resume: \"no\" is none of: restart, refuse"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", mode: on_demand}}",
            "routes[0].topics: is exactly one topic with `mode: on_demand`"},
        Bad{"{path: /a, topics: [a, b], call: {" SUBSCRIBE ", mode: on_demand}}",
            "routes[0].topics: is exactly one topic"},
        Bad{"{path: /a, topics: a, call: {" SUBSCRIBE ", mode: on_demand, resume: restart}}",
            "routes[0].call.resume: is only for `mode: per_request`"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", linger: 1s}}",
            "routes[0].call.linger: is only for `mode: on_demand`"},
        Bad{"{path: /a, start: latest, call: {" SUBSCRIBE "}}",
            "routes[0].start: is not for a route with a `call`"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", request: text}}",
            "routes[0].call.request: is a message: a map of its fields"},
        Bad{"path: /a\n  call:\n    backend: analyst\n    method: sluice.v1.Subscriber/Subscribe\n"
            "    request:\n      start: '{name}'",
            "sluice.yaml:9: routes[0].call.request.start: names {name}, which the path does not"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", request: {start: '{'}}}",
            "routes[0].call.request.start: '{': braces hold a capture's name"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", request: {topics: [a, '{body.}']}}}",
            "routes[0].call.request.topics[1]: '{body.}': braces hold"},
        Bad{"{path: /a, public: true, call: {" SUBSCRIBE ", request: {start: '{subject}'}}}",
            "routes[0].call.request.start: a public route asks no authorizer"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", request: {message: a}}}",
            "routes[0].call.request.message: is no field of sluice.v1.SubscribeRequest"},
        Bad{"{path: '/a', topics: '{body.a}'}", "'{body.a}' names {body.a}, which the path does"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", headers: [x-a, X-B]}}",
            "routes[0].call.headers[1]: \"X-B\" is no metadata key"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", headers: [sluice-subject]}}",
            "routes[0].call.headers[0]: sluice-subject is the bridge's own"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", headers: [x-a, cookie]}}",
            "routes[0].call.headers[1]: cookies are not sent on"},
        Bad{"{path: /a, topics: ['room/{query.token}'], call: {" SUBSCRIBE "}}",
            "routes[0].topics: {query.token} may hold a credential"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", request: {topics: ['{query.token}']}}}",
            "routes[0].call.request: {query.token} may hold a credential"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", headers: [host]}}", "\"host\" is gRPC's own"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", metadata: {te: a}}}",
            "routes[0].call.metadata.te: \"te\" is gRPC's own"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", deadline: 0s}}",
            "routes[0].call.deadline: is more than 0s"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", header_wait: 0s}}",
            "routes[0].call.header_wait: is more than 0s"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", done: {event: \"a\\nb\"}}}",
            "routes[0].call.done.event: is at most 128 bytes"},
        Bad{"{path: /a, call: {" SUBSCRIBE ", error: {data: '${subject}'}}}",
            "routes[0].call.error.data: the environment variable subject is not set"},
        Bad{"{path: /a, messages: [a.b, c.*]}",
            "routes[0].messages[0]: a.b is unknown; name its file"},
        Bad{"{path: /a, messages: ['a b.*']}",
            "routes[0].messages[0]: \"a b.*\" is not the name of a package"},
        Bad{"{path: /a, messages: ['a/b']}",
            "routes[0].messages[0]: \"a/b\" is not the full name of a message type"}));

}  // namespace
}  // namespace sluice
