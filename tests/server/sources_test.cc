#include "bridge/server/config/sources.h"

#include "bridge/server/config/backends.h"
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
  std::vector<BackendOptions> backends;
  std::vector<SourceOptions> sources;
  std::vector<std::string> errors;
};

// The methods that are known are those of the bridge's own services.
Built Build(const std::string& yaml) {
  ReadConfig read = Read(yaml);
  Built built;
  built.backends = BuildBackends(read.config, "", &read.findings);
  const KnownServices services(built.backends, OwnSchema());
  built.sources = BuildSources(read.config, services, &read.findings);
  built.errors = read.findings.errors();
  return built;
}

TEST(Backends, AreReadWholeInTheOrderOfTheirNames) {
  const Built built = Build(R"(
backends:
  health: {address: "127.0.0.1:7001"}
  analyst_2: {address: "unix:/run/analyst", reflection: false, response_bytes: 1MiB}
)");
  EXPECT_THAT(built.errors, IsEmpty());
  ASSERT_EQ(built.backends.size(), 2u);
  EXPECT_EQ(built.backends[0].name, "analyst_2");
  EXPECT_EQ(built.backends[0].address, "unix:/run/analyst");
  EXPECT_FALSE(built.backends[0].reflection);
  EXPECT_EQ(built.backends[0].response_bytes_max, 1u << 20);
  EXPECT_EQ(built.backends[1].name, "health");
  EXPECT_TRUE(built.backends[1].reflection);
  EXPECT_EQ(built.backends[1].response_bytes_max, 4u << 20);
}

TEST(Sources, HaveTheirDefaults) {
  const Built built = Build(R"(
backends: {b: {address: "b:1"}}
sources: [{name: all, backend: b}]
)");
  EXPECT_THAT(built.errors, IsEmpty());
  ASSERT_EQ(built.sources.size(), 1u);
  const SourceOptions& source = built.sources[0];
  EXPECT_EQ(source.name, "all");
  EXPECT_EQ(source.backend, "b");
  EXPECT_EQ(source.method, "sluice.v1.EventSource/Watch");
  EXPECT_EQ(source.topic, "");
  EXPECT_EQ(source.request, "{}");
  EXPECT_EQ(source.start, SourceOptions::Start::kAlways);
  EXPECT_EQ(source.on_error, SourceOptions::OnError::kKeep);
  EXPECT_EQ(source.backoff_min, absl::Milliseconds(200));
  EXPECT_EQ(source.backoff_max, absl::Seconds(10));
  EXPECT_EQ(source.deadline, absl::InfiniteDuration());
  EXPECT_FALSE(source.resume.has_value());
}

TEST(Sources, AreReadWhole) {
  const Built built = Build(R"(
backends: {b: {address: "b:1"}}
sources:
- name: health
  backend: b
  method: sluice.v1.Subscriber/Subscribe
  topic: health/all
  request: {start: earliest, topics: [a, b]}
  start: subscribed
  linger: 5s
  on_error: close
  backoff_min: 1s
  backoff_max: 1s
  deadline: 1h
  resume: {response_field: id, request_field: last_event_id}
  metadata: {x-b: two, x-a: one}
)");
  EXPECT_THAT(built.errors, IsEmpty());
  ASSERT_EQ(built.sources.size(), 1u);
  const SourceOptions& source = built.sources[0];
  EXPECT_EQ(source.method, "sluice.v1.Subscriber/Subscribe");
  EXPECT_EQ(source.topic, "health/all");
  EXPECT_EQ(source.request, R"({"start":"earliest","topics":["a","b"]})");
  EXPECT_EQ(source.start, SourceOptions::Start::kSubscribed);
  EXPECT_EQ(source.linger, absl::Seconds(5));
  EXPECT_EQ(source.on_error, SourceOptions::OnError::kClose);
  EXPECT_EQ(source.backoff_min, absl::Seconds(1));
  EXPECT_EQ(source.backoff_max, absl::Seconds(1));
  EXPECT_EQ(source.deadline, absl::Hours(1));
  ASSERT_TRUE(source.resume.has_value());
  EXPECT_EQ(source.resume->response_field, "id");
  EXPECT_EQ(source.resume->request_field, "last_event_id");
  EXPECT_THAT(source.metadata, ElementsAre(Pair("x-a", "one"), Pair("x-b", "two")));
}

TEST(Sources, MayCallWhatABackendCanTellOfLater) {
  EXPECT_THAT(Build(R"(
backends: {mute: {address: "b:1", reflection: false}, b: {address: "b:1"}}
sources: [{name: a, backend: mute, method: acme.v1.A/B, topic: a,
           request: {any: thing}, resume: {response_field: x, request_field: y}}]
)")
                  .errors,
              IsEmpty());
}

struct Bad {
  const char* yaml;
  const char* error;
};

class RefusedBackend : public testing::TestWithParam<Bad> {};
TEST_P(RefusedBackend, WithItsPath) {
  EXPECT_THAT(Build(GetParam().yaml).errors, ElementsAre(HasSubstr(GetParam().error)));
}
INSTANTIATE_TEST_SUITE_P(
    Backends, RefusedBackend,
    testing::Values(Bad{"backends:\n  a:\n    reflection: true\n",
                        "sluice.yaml:2: backends.a.address: is required"},
                    Bad{"backends: {a: }", "backends.a.address: is required"},
                    Bad{"backends:\n  a: {address: 'a:1'}\n  a b: {address: 'b:1'}",
                        "sluice.yaml:3: backends.a b: a backend's name is 1 to 64 letters"},
                    Bad{"backends:\n  a:\n    address: 'a:1'\n    adress: 'a:1'",
                        "sluice.yaml:4: backends.a.adress: unknown key; did you mean `address`?"},
                    Bad{"backends:\n  a: {address: 'a:1'}\n  a: {address: 'b:1'}",
                        "sluice.yaml:3: backends.a: duplicate key, also on line 2"},
                    Bad{"backends: [a]", "backends: takes a map, not a list"},
                    Bad{"backends: {a: {address: 'a:1', response_bytes: 0}}",
                        "backends.a.response_bytes: is 1 or more"},
                    Bad{"backends: {a: {address: 'a:1', response_bytes: 2GiB}}",
                        "backends.a.response_bytes: is at most"}));

// Each of them stands alone in an otherwise good source.
class RefusedSource : public testing::TestWithParam<Bad> {};
TEST_P(RefusedSource, WithItsPath) {
  const std::string before =
      "backends:\n  first: {address: 'a:1', reflection: false}\n"
      "  second: {address: 'b:1', reflection: false}\nsources:\n- ";
  EXPECT_THAT(Build(before + GetParam().yaml).errors, ElementsAre(HasSubstr(GetParam().error)));
}

#define SUBSCRIBE "method: sluice.v1.Subscriber/Subscribe"
INSTANTIATE_TEST_SUITE_P(
    Sources, RefusedSource,
    testing::Values(
        Bad{"{backend: first}", "sources[0].name: is required"},
        Bad{"{name: \"a\\nb\", backend: first}", "sources[0].name: is at most 128 bytes"},
        Bad{"name: a\n  backend: first\n- name: a\n  backend: second",
            "sluice.yaml:7: sources[1].name: another source is \"a\" already"},
        Bad{"{name: a}", "sources[0].backend: is required: one of `backends`"},
        Bad{"name: a\n  backend: third",
            "sluice.yaml:6: sources[0].backend: \"third\" is none of backends: first, second"},
        Bad{"{name: a, backend: first, topic: t, method: Subscribe}",
            "sources[0].method: \"Subscribe\" is not the name of a method, as \"acme.chat"},
        Bad{"{name: a, backend: first, topic: t, method: /sluice.v1.Subscriber/Subscribe}",
            "is not the name of a method"},
        Bad{"{name: a, backend: first, topic: t, method: acme.v1.Nobody/Knows}",
            "sources[0].method: acme.v1.Nobody/Knows is unknown; name its file in schema."},
        Bad{"{name: a, backend: first, topic: t, method: sluice.v1.Subscriber/Subscrib}",
            "sluice.v1.Subscriber has no such method; those that stream their responses are "
            "Subscribe"},
        Bad{"{name: a, backend: first, topic: t, method: sluice.v1.Publisher/Publish}",
            "sources[0].method: sluice.v1.Publisher/Publish takes or answers other than it must"},
        Bad{"{name: a, backend: first, topic: t, method: sluice.v1.Publisher/PublishStream}",
            "takes or answers other than it must"},
        Bad{"{name: a, backend: first, " SUBSCRIBE "}", "sources[0].topic: is required: where"},
        Bad{"{name: a, backend: first, topic: a//b}",
            "sources[0].topic: \"a//b\" has an empty segment"},
        Bad{"{name: a, backend: first, start: subscribed}",
            "sources[0].topic: is required with `start: subscribed`"},
        Bad{"{name: a, backend: first, start: never}",
            "sources[0].start: \"never\" is none of: always, subscribed"},
        Bad{"{name: a, backend: first, on_error: ignore}",
            "sources[0].on_error: \"ignore\" is none of: keep, close"},
        Bad{"{name: a, backend: first, linger: 1s}",
            "sources[0].linger: is only for `start: subscribed`"},
        Bad{"{name: a, backend: first, topic: t, " SUBSCRIBE ", request: [1]}",
            "sources[0].request: is a message: a map of its fields"},
        Bad{"name: a\n  backend: first\n  topic: t\n  " SUBSCRIBE "\n  request:\n    topic: [a]",
            "sluice.yaml:10: sources[0].request.topic: is no field of sluice.v1.SubscribeRequest; "
            "its fields are topics, last_event_id, start, attributes"},
        Bad{"{name: a, backend: first, backoff_min: 0s}",
            "sources[0].backoff_min: is more than 0s"},
        Bad{"{name: a, backend: first, backoff_min: 11s}",
            "sources[0].backoff_min: backoff_min (11s) is more than backoff_max (10s)"},
        Bad{"{name: a, backend: first, backoff_max: 100ms}",
            "sources[0].backoff_max: backoff_min (200ms) is more than backoff_max (100ms)"},
        Bad{"{name: a, backend: first, deadline: 0s}", "sources[0].deadline: is more than 0s"},
        Bad{"{name: a, backend: first, resume: {response_field: a, request_field: b}}",
            "sources[0].resume: is not for EventSource"},
        Bad{"{name: a, backend: first, topic: t, " SUBSCRIBE ", resume: {response_field: id}}",
            "sources[0].resume.request_field: is required: the name of a string field"},
        Bad{"{name: a, backend: first, topic: t, " SUBSCRIBE
            ", resume: {response_field: time, request_field: start}}",
            "resume.response_field: \"time\" is no string field of sluice.v1.SubscribeResponse"},
        Bad{"{name: a, backend: first, topic: t, " SUBSCRIBE
            ", resume: {response_field: id, request_field: topics}}",
            "resume.request_field: \"topics\" is no string field of sluice.v1.SubscribeRequest"},
        Bad{"{name: a, backend: first, metadata: {X-A: b}}",
            "sources[0].metadata.X-A: \"X-A\" is no metadata key"},
        Bad{"{name: a, backend: first, metadata: {grpc-timeout: 1S}}",
            "sources[0].metadata.grpc-timeout: \"grpc-timeout\" is gRPC's own"},
        Bad{"{name: a, backend: first, metadata: {x-bin: '*'}}",
            "sources[0].metadata.x-bin: is not base64"},
        Bad{"{name: a, backend: first, metadata: {x: \"a\\nb\"}}",
            "sources[0].metadata.x: is not printable ASCII"}));

TEST(Sources, NeedBackends) {
  EXPECT_THAT(Build("sources: [{name: a, backend: b}]").errors,
              ElementsAre(HasSubstr("sources[0].backend: \"b\" is unknown: there are no `backe")));
}

}  // namespace
}  // namespace sluice
