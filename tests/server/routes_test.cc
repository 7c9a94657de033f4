#include "bridge/server/config/routes.h"

#include <map>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

struct Built {
  std::map<std::string, Route> routes;  // by path
  std::vector<std::string> errors;
};

Built Build(const std::string& yaml) {
  ReadConfig read = Read(yaml);
  Built built;
  const KnownServices services({}, nullptr);
  for (Route& route : BuildRoutes(read.config, services, &read.findings)) {
    const std::string path = route.path.text();
    built.routes.emplace(path, std::move(route));
  }
  built.errors = read.findings.errors();
  return built;
}

Route BuildOne(const std::string& yaml) {
  Built built = Build("default_routes: false\n" + yaml);
  EXPECT_THAT(built.errors, IsEmpty());
  EXPECT_EQ(built.routes.size(), 1u);
  return built.routes.empty() ? Route{} : std::move(built.routes.begin()->second);
}

constexpr char kByResource[] = "/v1/{channel_type}/{resource_id}";

TEST(Routes, TheDefaultOnesAreThereWithTheirDefaults) {
  const Built built = Build("");
  ASSERT_EQ(built.routes.size(), 2u);
  const Route& route = built.routes.at(kByResource);
  EXPECT_THAT(route.topics, ElementsAre("{channel_type}/{resource_id}"));
  EXPECT_FALSE(route.is_public);
  EXPECT_EQ(route.start.kind, StreamStart::Kind::kLatest);
  EXPECT_EQ(route.refusal, RefusalStyle::kAuto);
  EXPECT_TRUE(route.cors);
  EXPECT_TRUE(route.connect.enabled);
  EXPECT_EQ(route.connect.event, "connect");
  EXPECT_EQ(route.connect.data, "");
  EXPECT_EQ(route.heartbeat->interval, absl::Seconds(15));
  EXPECT_EQ(route.heartbeat->event, "");
  EXPECT_EQ(route.retry_ms, std::nullopt);
  EXPECT_EQ(route.log_unavailable_after, absl::InfiniteDuration());
  EXPECT_EQ(route.view, nullptr);
  EXPECT_THAT(built.routes.at("/v1/events").topics, IsEmpty());
}

TEST(Routes, TheDefaultOnesCanBeSwitchedOff) {
  EXPECT_THAT(Build("default_routes: false").routes, IsEmpty());
}

TEST(Routes, AUsersRouteReplacesTheDefaultOneOfTheSamePaths) {
  const Built built = Build("routes: [{path: '/v1/{kind}/{id}', topics: 'x/{id}'}]");
  EXPECT_THAT(built.errors, IsEmpty());
  EXPECT_EQ(built.routes.size(), 2u);
  EXPECT_EQ(built.routes.count(kByResource), 0u);
  EXPECT_EQ(built.routes.count("/v1/events"), 1u);
}

TEST(Routes, AreReadWhole) {
  const Route route = BuildOne(R"(
routes:
- path: /api/stream/{session_id}/{message_id}
  topics: session/{session_id}
  captures: {session_id: [a, b]}
  filter: {chat_message_id: "{message_id}", app: chat}
  public: true
  start: last 20
  refusal: stream
  retry: 1500ms
  log_unavailable_after: 10s
  error: {event: failed, data: {error: "${message}"}}
  cors_disabled: true
  connect: {event: hello, data: {status: connected, n: 1, f: 0.5}}
  heartbeat: {interval: 30s, event: ping, data: {timestamp: "${now}"}}
  frames:
    ids: publisher
    event_line: false
    retry_line: false
    rules:
    - {type: end, text: __END__}
    - {type: failed, event: error, json: {error: true}}
    - {type: token, json: {kind: "${type}", all: "${data}", text: "${data.text}"}}
    - {type: "*", type_key: kind}
)");
  EXPECT_THAT(route.topics, ElementsAre("session/{session_id}"));
  EXPECT_THAT(route.capture_values, ElementsAre(Pair("session_id", ElementsAre("a", "b"))));
  EXPECT_THAT(route.filter,
              ElementsAre(Pair("app", "chat"), Pair("chat_message_id", "{message_id}")));
  EXPECT_TRUE(route.is_public);
  EXPECT_EQ(route.start.kind, StreamStart::Kind::kLast);
  EXPECT_EQ(route.start.last, 20u);
  EXPECT_EQ(route.refusal, RefusalStyle::kStream);
  EXPECT_EQ(route.retry_ms, 1500u);
  EXPECT_EQ(route.log_unavailable_after, absl::Seconds(10));
  EXPECT_EQ(route.error.event, "failed");
  EXPECT_EQ(route.error.data, R"({"error":"${message}"})");
  EXPECT_FALSE(route.cors);
  EXPECT_EQ(route.connect.event, "hello");
  EXPECT_EQ(route.connect.data, R"({"f":0.5,"n":1,"status":"connected"})");
  EXPECT_EQ(route.heartbeat->interval, absl::Seconds(30));
  EXPECT_EQ(route.heartbeat->event, "ping");
  EXPECT_EQ(route.heartbeat->data, R"({"timestamp":"${now}"})");
  ASSERT_NE(route.view, nullptr);
  EXPECT_EQ(route.view->ids, IdLine::kPublisher);
  EXPECT_FALSE(route.view->event_line);
  EXPECT_FALSE(route.view->retry_line);
  ASSERT_EQ(route.view->rules.size(), 4u);
  EXPECT_EQ(route.view->rules[0].type, "end");
  EXPECT_EQ(route.view->rules[0].event, std::nullopt);
  EXPECT_EQ(route.view->rules[0].data, "__END__");
  EXPECT_EQ(route.view->rules[1].event, "error");
  EXPECT_EQ(route.view->rules[1].data, R"({"error":true})");
  EXPECT_EQ(route.view->rules[2].json->Fill(R"({"text":1})", "token"),
            R"({"all":{"text":1},"kind":"token","text":1})");
  EXPECT_EQ(route.view->rules[3].type, kEveryType);
  EXPECT_EQ(route.view->rules[3].type_key, "kind");
}

TEST(Routes, EachNestedFieldFallsBackToTheDefaultsOnItsOwn) {
  const std::string defaults = R"(
defaults:
  retry: 2s
  connect: {event: hello, data: {a: 1, b: 2}}
  heartbeat: {interval: 5s, event: ping}
  frames: {ids: off, rules: [{type: x, text: y}]}
)";
  const Route plain = BuildOne(defaults + "routes: [{path: /a}]");
  EXPECT_EQ(plain.retry_ms, 2000u);
  EXPECT_EQ(plain.connect.event, "hello");
  EXPECT_EQ(plain.heartbeat->interval, absl::Seconds(5));
  EXPECT_EQ(plain.view->ids, IdLine::kOff);

  const Route own = BuildOne(defaults + R"(
routes:
- path: /a
  retry: 0s
  connect: {enabled: false, data: {c: 3}}
  heartbeat: {interval: 0s}
  frames: {event_line: false, rules: [{type: z, text: z}]}
)");
  EXPECT_EQ(own.retry_ms, 0u);
  EXPECT_FALSE(own.connect.enabled);
  EXPECT_EQ(own.connect.event, "hello");
  EXPECT_EQ(own.connect.data, R"({"c":3})");
  EXPECT_EQ(own.heartbeat->interval, absl::ZeroDuration());
  EXPECT_EQ(own.heartbeat->event, "ping");
  EXPECT_EQ(own.view->ids, IdLine::kOff);
  EXPECT_FALSE(own.view->event_line);
  ASSERT_EQ(own.view->rules.size(), 1u);
  EXPECT_EQ(own.view->rules[0].type, "z");
}

TEST(Routes, TheDefaultOnesTakeTheDefaultsToo) {
  const Built built = Build("defaults: {heartbeat: {interval: 5s}, frames: {event_line: false}}");
  EXPECT_EQ(built.routes.at("/v1/events").heartbeat->interval, absl::Seconds(5));
  EXPECT_FALSE(built.routes.at(kByResource).view->event_line);
}

TEST(Routes, WithEqualPoliciesShareThem) {
  const Built built = Build(R"(
routes:
- {path: /a, heartbeat: {event: ping}, frames: {event_line: false}}
- {path: /b, heartbeat: {event: ping}, frames: {event_line: false}}
- {path: /c, heartbeat: {event: pong}, frames: {ids: off}}
- {path: /d, frames: {ids: log, event_line: true, retry_line: true}}
- {path: /e, frames: {rules: [{type: x, json: "${data.a}"}]}}
- {path: /f, frames: {rules: [{type: x, json: "${data.a}"}]}}
- {path: /g, frames: {rules: [{type: x, json: "${data.b}"}]}}
- {path: /h, frames: {rules: [{type: x, type_key: k}]}}
)");
  const auto& routes = built.routes;
  EXPECT_EQ(routes.at("/a").heartbeat, routes.at("/b").heartbeat);
  EXPECT_EQ(routes.at("/a").view, routes.at("/b").view);
  EXPECT_NE(routes.at("/a").heartbeat, routes.at("/c").heartbeat);
  EXPECT_NE(routes.at("/a").view, routes.at("/c").view);
  EXPECT_EQ(routes.at("/d").view, nullptr);
  EXPECT_EQ(routes.at("/e").view, routes.at("/f").view);
  EXPECT_NE(routes.at("/e").view, routes.at("/g").view);
  EXPECT_NE(routes.at("/e").view, routes.at("/h").view);
  EXPECT_EQ(routes.at("/d").heartbeat, routes.at("/v1/events").heartbeat);
}

struct Bad {
  const char* yaml;
  const char* error;
};

class RefusedRoute : public testing::TestWithParam<Bad> {};

TEST_P(RefusedRoute, WithItsPath) {
  EXPECT_THAT(Build(GetParam().yaml).errors, ElementsAre(HasSubstr(GetParam().error)));
}

INSTANTIATE_TEST_SUITE_P(
    Routes, RefusedRoute,
    testing::Values(
        Bad{"routes:\n- topics: [a]", "sluice.yaml:2: routes[0].path: is required"},
        Bad{"routes:\n- path: a", "sluice.yaml:2: routes[0].path: "},
        Bad{"routes: [{path: '/a/{b'}]", "routes[0].path: "},
        Bad{"routes: [{path: /health}]", "routes[0].path: /health is served by the bridge itself"},
        Bad{"routes: [{path: '/a/{x}'}, {path: '/a/{y}'}]",
            "routes[1].path: matches the same paths as /a/{x}"},
        Bad{"routes:\n- path: /a\n- path: /b\n- path: /c\n  start: newest",
            "sluice.yaml:5: routes[2].start: start 'newest' is none of: latest, earliest, last N"},
        Bad{"routes: [{path: /a, topics: '{b}'}]", "routes[0]: route '/a': "},
        Bad{"routes: [{path: /a, topics: 'a//b'}]", "routes[0]: route '/a': "},
        Bad{"routes: [{path: /a, filter: {k: '{b}'}}]", "routes[0]: route '/a': "},
        Bad{"routes: [{path: /a, public: true, topics: 'u/{subject}'}]", "routes[0]: route '/a': "},
        Bad{"routes: [{path: /a, captures: {b: [c]}}]", "routes[0]: route '/a': "},
        Bad{"routes: [{path: '/{b}', captures: {b: []}}]", "routes[0].captures.b: has no values"},
        Bad{"routes: [{path: /a, refusal: no}]",
            "routes[0].refusal: \"no\" is none of: auto, stream, status"},
        Bad{"routes: [{path: /a, retry: 25h}]", "routes[0].retry: is at most 24h"},
        Bad{"defaults: {retry: 25h}", "defaults.retry: is at most 24h"},
        Bad{"routes: [{path: /a, connect: {event: \"a\\nb\"}}]", "routes[0].connect.event: is at"},
        Bad{"routes: [{path: /a, heartbeat: {event: \"a\\nb\"}}]",
            "routes[0].heartbeat.event: is at most 128 bytes"},
        Bad{"defaults: {heartbeat: {interval: 1ms}}",
            "sluice.yaml:1: defaults.heartbeat.interval: is 100ms or more, or 0s for none"},
        Bad{"defaults: {heartbeat: {event: a, data: '${subject}'}}",
            "defaults.heartbeat.data: cannot hold ${subject}"},
        Bad{"routes: [{path: /a, frames: {ids: on}}]",
            "routes[0].frames.ids: \"on\" is none of: log, publisher, off"},
        Bad{"routes: [{path: /a, frames: {rules: [{text: x}]}}]",
            "routes[0].frames.rules[0].type: is required"},
        Bad{"routes: [{path: /a, frames: {rules: [{type: a, text: x, json: 1}]}}]",
            "routes[0].frames.rules[0]: only one of `text`, `json` and `type_key`"},
        Bad{"routes: [{path: /a, frames: {rules: [{type: a, type_key: x, json: 1}]}}]",
            "routes[0].frames.rules[0]: only one of `text`, `json` and `type_key`"},
        Bad{"routes:\n- path: /a\n  frames:\n    rules:\n    - type: a\n      json: a ${data}",
            "sluice.yaml:6: routes[0].frames.rules[0].json: \"a ${data}\": only a value that is"},
        Bad{"routes: [{path: /a, frames: {rules: [{type: a, json: '${now}'}]}}]",
            "rules[0].json: the environment variable now is not set"},
        Bad{"routes: [{path: /a, frames: {rules: [{type: a, json: '${data.a:-b}'}]}}]",
            "rules[0].json: \"${data.a:-b}\" names no environment variable"},
        Bad{"routes: [{path: /a, frames: {rules: [{type: a, text: \"a\\rb\"}]}}]",
            "routes[0].frames.rules[0].text: must not hold a carriage return"},
        Bad{"defaults:\n  frames:\n    rules:\n    - type: a\n    - type: a",
            "sluice.yaml:5: defaults.frames.rules[1].type: has a rule already"}));

TEST(Routes, AnOutageOfNoTimeCannotBeTold) {
  const Built built =
      Build("default_routes: false\nroutes: [{path: /a, log_unavailable_after: 0s}]");
  EXPECT_THAT(built.errors, ElementsAre(HasSubstr("routes[0].log_unavailable_after")));
}

}  // namespace
}  // namespace sluice
