#include "bridge/server/config/server_options.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Built {
  ServerOptions options;
  Findings findings;
};

Built Build(const std::string& yaml, const Flags& flags = {}) {
  ReadConfig read = Read(yaml);
  Built built;
  built.options = BuildServerOptions(read.config, flags, &read.findings);
  built.findings = std::move(read.findings);
  return built;
}

template <typename Options>
bool DefaultIs(const Built& built) {
  return std::holds_alternative<Options>(built.options.authorizers.by_name.at(""));
}

TEST(ServerOptions, WithoutAFileAreTheDefaultsAndAWarningThatAllIsRefused) {
  const Built built = Build("");
  EXPECT_THAT(built.findings.errors(), IsEmpty());
  EXPECT_THAT(built.findings.warnings(), ElementsAre(HasSubstr("authorizer: none is configured")));
  EXPECT_TRUE(DefaultIs<RefusingAuthorizerOptions>(built));
  EXPECT_EQ(built.options.http.listen, "127.0.0.1:8080");
  EXPECT_EQ(built.options.rpc.listen, "127.0.0.1:9090");
  EXPECT_FALSE(built.options.http.demo_page);
  EXPECT_FALSE(built.options.http.public_stats);
  EXPECT_GE(built.options.shards, 1u);
  EXPECT_LE(built.options.shards, kShardsMax);
  EXPECT_NE(built.options.schema, nullptr);
  EXPECT_EQ(built.options.routes->routes().size(), 2u);
}

TEST(ServerOptions, KeepTheEventLogOnDiskWhereTheySaySo) {
  Flags flags;
  flags.config_file = "/etc/sluice/sluice.yaml";
  const Built built = Build(R"(
event_log:
  rocksdb: {path: events, sync: interval, sync_interval: 1s, events_per_topic: 2, total_bytes: 3KiB, max_age: 4s, deduplication_window: 5s, deduplication_ids: 6, queue_bytes: 7, verify_checksums: true}
)",
                            flags);
  if (!SLUICE_ROCKSDB) {
    EXPECT_THAT(built.findings.errors(),
                ElementsAre(HasSubstr("event_log.rocksdb: is not built in")));
    return;
  }
  EXPECT_THAT(built.findings.errors(), IsEmpty());
  const auto& rocksdb = std::get<RocksdbEventLogOptions>(built.options.event_log);
  EXPECT_EQ(rocksdb.path, "/etc/sluice/events");
  EXPECT_EQ(rocksdb.sync, Durability::kInterval);
  EXPECT_EQ(rocksdb.sync_interval, absl::Seconds(1));
  EXPECT_EQ(rocksdb.events_per_topic, 2u);
  EXPECT_EQ(rocksdb.total_bytes, 3072u);
  EXPECT_EQ(rocksdb.max_age, absl::Seconds(4));
  EXPECT_EQ(rocksdb.deduplication_window, absl::Seconds(5));
  EXPECT_EQ(rocksdb.deduplication_ids, 6u);
  EXPECT_EQ(rocksdb.queue_bytes, 7u);
  EXPECT_TRUE(rocksdb.verify_checksums);
}

TEST(ServerOptions, TakeEverySetting) {
  const Built built = Build(R"(
service_name: s
drain_timeout: 3s
log: {level: WARNING, format: json}
http:
  listen: localhost:0
  ops_listen: 127.0.0.1:1
  demo_page: true
  public_stats: true
  trusted_proxies: [10.0.0.0/8, "::1"]
  public_asyncapi: false
  request_timeout: 1s
  idle_timeout: 2s
  write_timeout: 3s
  cors: {origins: [https://a], credentials: true, headers: [X-A], exposed_headers: [X-B], max_age: 1m}
  credentials: {query_parameters: [t, u], cookies: [c]}
grpc: {listen: "[::1]:0", reflection: false}
event_log: {memory: {events_per_topic: 1, total_bytes: 2, max_age: 3s, deduplication_window: 4s, deduplication_ids: 5}}
authorizer: {grpc: {address: "127.0.0.1:1", deadline: 1s, calls_in_flight: 2, headers: [x-a], send_peer_address: true}}
publishing: {authorize: true}
schema:
  print_implicit_fields: false
  proto_field_names: true
  enums_as_numbers: true
  types: {sluice.v1.Event: {print_implicit_fields: true, enums_as_numbers: false}}
  unknown_types: base64
backends: {b: {address: "127.0.0.1:2"}}
sources: [{name: all, backend: b}]
hub: {shards: 3, window_bytes: 4, windows_bytes: 5, inbox_events: 6, replays: 7}
limits:
  header_bytes: 1
  target_bytes: 2
  topics_per_subscriber: 3
  payload_bytes: 4
  json_depth: 5
  events_per_publish: 6
  publish_bytes: 7
  sessions: 8
  sessions_per_address: 9
  sessions_per_subject: 10
  new_sessions_per_address: 11
  new_sessions_per_subject: 12
)");
  EXPECT_THAT(built.findings.errors(), IsEmpty());
  EXPECT_THAT(built.findings.warnings(), IsEmpty());
  const ServerOptions& o = built.options;
  EXPECT_EQ(o.http.service_name, "s");
  EXPECT_EQ(o.drain_timeout, absl::Seconds(3));
  EXPECT_EQ(o.log_level, log::Level::kWarning);
  EXPECT_EQ(o.log_format, log::Format::kJson);
  EXPECT_EQ(o.http.listen, "127.0.0.1:0");
  EXPECT_EQ(o.http.ops_listen, "127.0.0.1:1");
  EXPECT_TRUE(o.http.demo_page);
  EXPECT_TRUE(o.http.public_stats);
  EXPECT_THAT(o.http.trusted_proxies, ElementsAre("10.0.0.0/8", "::1"));
  EXPECT_FALSE(o.http.public_asyncapi);
  EXPECT_EQ(o.http.request_timeout, absl::Seconds(1));
  EXPECT_EQ(o.http.idle_timeout, absl::Seconds(2));
  EXPECT_EQ(o.http.write_timeout, absl::Seconds(3));
  EXPECT_THAT(o.http.cors.origins, ElementsAre("https://a"));
  EXPECT_TRUE(o.http.cors.credentials);
  EXPECT_THAT(o.http.cors.headers, ElementsAre("X-A"));
  EXPECT_THAT(o.http.cors.exposed_headers, ElementsAre("X-B"));
  EXPECT_EQ(o.http.cors.max_age, absl::Minutes(1));
  EXPECT_THAT(o.http.credential_query_parameters, ElementsAre("t", "u"));
  EXPECT_THAT(o.http.credential_cookies, ElementsAre("c"));
  EXPECT_EQ(o.rpc.listen, "[::1]:0");
  EXPECT_FALSE(o.rpc.reflection);
  EXPECT_TRUE(o.rpc.authorize_publishing);
  const auto& event_log = std::get<MemoryEventLogOptions>(o.event_log);
  EXPECT_EQ(event_log.events_per_topic, 1u);
  EXPECT_EQ(event_log.total_bytes, 2u);
  EXPECT_EQ(event_log.max_age, absl::Seconds(3));
  EXPECT_EQ(event_log.deduplication_window, absl::Seconds(4));
  EXPECT_EQ(event_log.deduplication_ids, 5u);
  ASSERT_TRUE(DefaultIs<GrpcAuthorizerOptions>(built));
  const auto& asked = std::get<GrpcAuthorizerOptions>(o.authorizers.by_name.at(""));
  EXPECT_EQ(asked.address, "127.0.0.1:1");
  EXPECT_EQ(asked.deadline, absl::Seconds(1));
  EXPECT_EQ(asked.calls_in_flight, 2u);
  EXPECT_THAT(asked.wants.headers, ElementsAre("x-a"));
  EXPECT_TRUE(asked.wants.peer_address);
  EXPECT_FALSE(o.json.style.print_implicit_fields);
  EXPECT_TRUE(o.json.style.proto_field_names);
  EXPECT_TRUE(o.json.style.enums_as_numbers);
  const JsonStyle of_type = o.json.StyleOf("sluice.v1.Event");
  EXPECT_TRUE(of_type.print_implicit_fields);
  EXPECT_TRUE(of_type.proto_field_names);
  EXPECT_FALSE(of_type.enums_as_numbers);
  EXPECT_TRUE(o.json.unknown_types_as_base64);
  ASSERT_EQ(o.relay.backends.size(), 1u);
  EXPECT_EQ(o.relay.backends[0].address, "127.0.0.1:2");
  ASSERT_EQ(o.relay.sources.size(), 1u);
  EXPECT_EQ(o.relay.sources[0].name, "all");
  EXPECT_EQ(o.shards, 3u);
  EXPECT_EQ(o.shard.window_bytes, 4u);
  EXPECT_EQ(o.shard.windows_bytes, 5u);
  EXPECT_EQ(o.shard.inbox_events, 6u);
  EXPECT_EQ(o.shard.replays, 7u);
  EXPECT_EQ(o.http.header_bytes_max, 1u);
  EXPECT_EQ(o.http.target_bytes_max, 2u);
  EXPECT_EQ(o.http.topics_per_subscriber_max, 3u);
  EXPECT_EQ(o.rpc.topics_per_subscriber_max, 3u);
  EXPECT_EQ(o.json.bytes_max, 4u);
  EXPECT_EQ(o.json.depth_max, 5u);
  EXPECT_EQ(o.events_per_publish_max, 6u);
  EXPECT_EQ(o.rpc.publish_bytes_max, 7u);
  EXPECT_EQ(o.http.sessions_max, 8u);
  EXPECT_EQ(o.http.sessions_per_address_max, 9u);
  EXPECT_EQ(o.http.sessions_per_subject_max, 10u);
  EXPECT_EQ(o.http.new_sessions_per_address_max, 11u);
  EXPECT_EQ(o.http.new_sessions_per_subject_max, 12u);
}

TEST(ServerOptions, DevOpensEverythingOnLoopbackOnly) {
  const Flags dev{.dev = true};
  const Built built =
      Build("authorizer: {grpc: {address: 'a:1'}}\npublishing: {authorize: true}", dev);
  EXPECT_THAT(built.findings.errors(), IsEmpty());
  EXPECT_TRUE(DefaultIs<NoneAuthorizerOptions>(built));
  EXPECT_FALSE(built.options.rpc.authorize_publishing);
  EXPECT_TRUE(built.options.http.demo_page);
  EXPECT_FALSE(Build("http: {demo_page: false}", dev).options.http.demo_page);
  EXPECT_TRUE(built.options.http.public_stats);
  EXPECT_FALSE(Build("http: {public_stats: false}", dev).options.http.public_stats);

  EXPECT_THAT(Build("http: {listen: '0.0.0.0:1'}\ngrpc: {listen: '[::]:1'}", dev).findings.errors(),
              ElementsAre(HasSubstr("http.listen: --dev lets everybody"),
                          HasSubstr("grpc.listen: --dev lets everybody")));
  EXPECT_THAT(Build("http: {ops_listen: '0.0.0.0:1'}", dev).findings.errors(),
              ElementsAre(HasSubstr("http.ops_listen: --dev lets everybody")));
}

TEST(ServerOptions, NoAuthorizerMustBeNamedToBeHad) {
  EXPECT_TRUE(DefaultIs<NoneAuthorizerOptions>(Build("authorizer: {none: {}}")));
  EXPECT_TRUE(DefaultIs<RefusingAuthorizerOptions>(Build("authorizer: {}")));
}

TEST(ServerOptions, WithPublicRoutesOnlyNeedNoAuthorizer) {
  const std::string yaml = "default_routes: false\nroutes: [{path: /a, topics: a, public: true}]";
  EXPECT_THAT(Build(yaml).findings.warnings(), IsEmpty());
}

TEST(ServerOptions, WarnOfWhatEverybodyCanRead) {
  EXPECT_THAT(Build("authorizer: {none: {}}\ngrpc: {listen: '0.0.0.0:9090'}").findings.warnings(),
              ElementsAre(HasSubstr("grpc.listen: 0.0.0.0:9090 is not encrypted")));
  EXPECT_THAT(Build("authorizer: {none: {}}\nhttp: {listen: '0.0.0.0:8080'}").findings.warnings(),
              ElementsAre(HasSubstr("http.listen: 0.0.0.0:8080 is not encrypted")));
  EXPECT_THAT(Build("authorizer: {grpc: {address: 'auth.example:9191'}}").findings.warnings(),
              ElementsAre(HasSubstr("auth.example:9191 is asked without TLS")));
}

struct Bad {
  const char* yaml;
  const char* error;
};

class RefusedOption : public testing::TestWithParam<Bad> {};

TEST_P(RefusedOption, WithItsPath) {
  EXPECT_THAT(Build(GetParam().yaml).findings.errors(), ElementsAre(HasSubstr(GetParam().error)));
}

TEST(ServerOptions, KeepTheEventLogInJetStreamWhereTheySaySo) {
  Flags flags;
  flags.config_file = "/etc/sluice/sluice.yaml";
  const Built built = Build(R"(
event_log:
  jetstream:
    servers: ["nats://one:4222", "tls://two:4222", three]
    stream: EVENTS
    subject_prefix: events
    streams: 4
    stream_by_segments: 2
    replicas: 3
    events_per_topic: 2
    total_bytes: 3KiB
    max_age: 5m
    deduplication_window: 1m
    deduplication_ids: 6
    append_timeout: 7s
    queue_bytes: 8
    credentials_file: nats.creds
    tls: {ca_file: ca.pem, server_name: nats, certificate_file: c.pem, key_file: k.pem}
)",
                            flags);
  if (!SLUICE_JETSTREAM) {
    EXPECT_THAT(built.findings.errors(),
                ElementsAre(HasSubstr("event_log.jetstream: is not built in")));
    return;
  }
  EXPECT_THAT(built.findings.errors(), IsEmpty());
  const auto& jetstream = std::get<JetStreamEventLogOptions>(built.options.event_log);
  EXPECT_THAT(jetstream.nats.servers, ElementsAre("nats://one:4222", "tls://two:4222", "three"));
  EXPECT_EQ(jetstream.stream, "EVENTS");
  EXPECT_EQ(jetstream.subject_prefix, "events");
  EXPECT_EQ(jetstream.streams, 4u);
  EXPECT_EQ(jetstream.stream_by_segments, 2u);
  EXPECT_EQ(jetstream.replicas, 3u);
  EXPECT_EQ(jetstream.events_per_topic, 2u);
  EXPECT_EQ(jetstream.total_bytes, 3072u);
  EXPECT_EQ(jetstream.max_age, absl::Minutes(5));
  EXPECT_EQ(jetstream.deduplication_window, absl::Minutes(1));
  EXPECT_EQ(jetstream.deduplication_ids, 6u);
  EXPECT_EQ(jetstream.append_timeout, absl::Seconds(7));
  EXPECT_EQ(jetstream.queue_bytes, 8u);
  EXPECT_EQ(jetstream.nats.credentials_file, "/etc/sluice/nats.creds");
  EXPECT_TRUE(jetstream.nats.tls);
  EXPECT_EQ(jetstream.nats.tls_ca_file, "/etc/sluice/ca.pem");
  EXPECT_EQ(jetstream.nats.tls_server_name, "nats");
}

#if SLUICE_JETSTREAM
INSTANTIATE_TEST_SUITE_P(
    JetStream, RefusedOption,
    testing::Values(Bad{"event_log: {jetstream: {}}", "event_log.jetstream.servers: is required"},
                    Bad{"event_log: {jetstream: {servers: [a], stream: a.b}}",
                        "event_log.jetstream.stream: holds more than letters"},
                    Bad{"event_log: {jetstream: {servers: [a], replicas: 6}}",
                        "event_log.jetstream.replicas: is 1, 3 or 5"},
                    Bad{"event_log: {jetstream: {servers: [a], replicas: 2}}",
                        "event_log.jetstream.replicas: is 1, 3 or 5"},
                    Bad{"event_log: {jetstream: {servers: [a], replicas: 0}}",
                        "event_log.jetstream.replicas: is 1 or more"},
                    Bad{"event_log: {jetstream: {servers: [a], streams: 65}}",
                        "event_log.jetstream.streams: is at most 64"},
                    Bad{"event_log: {jetstream: {servers: [a], streams: 0}}",
                        "event_log.jetstream.streams: is 1 or more"},
                    Bad{"event_log: {jetstream: {servers: [a], streams: 2, stream_by_segments: 9}}",
                        "event_log.jetstream.stream_by_segments: is at most 8"},
                    Bad{"event_log: {jetstream: {servers: [a], stream_by_segments: 1}}",
                        "event_log.jetstream.stream_by_segments: is of no use without"},
                    Bad{"event_log: {jetstream: {servers: [\"nats://a:4222\", \"nats://u:p@b\"]}}",
                        "event_log.jetstream.servers[1]: holds credentials"},
                    Bad{"event_log: {jetstream: {servers: [\"ws://a\"]}}",
                        "event_log.jetstream.servers[0]: is not of the form"},
                    Bad{"event_log: {jetstream: {servers: [\"tls://a\"]}}",
                        "event_log.jetstream.servers[0]: needs event_log.jetstream.tls"},
                    Bad{"event_log: {jetstream: {servers: [a], append_timeout: 2m}}",
                        "event_log.jetstream.append_timeout: is at most half"},
                    Bad{"event_log: {jetstream: {servers: [a], max_age: 1m}}",
                        "event_log.jetstream.deduplication_window: is at most max_age"},
                    Bad{"event_log: {jetstream: {servers: [a], token_file: none}}",
                        "event_log.jetstream.token_file: cannot be read"},
                    Bad{"event_log: {jetstream: {servers: [a], nkey: U, nkey_seed_file: s, "
                        "credentials_file: c}}",
                        "event_log.jetstream: has more than one of"},
                    Bad{"event_log: {jetstream: {servers: [a], tls: {ca_file: c}}}",
                        "event_log.jetstream.tls.server_name: is required"}));
#endif

#if SLUICE_ROCKSDB
INSTANTIATE_TEST_SUITE_P(
    Rocksdb, RefusedOption,
    testing::Values(Bad{"event_log: {rocksdb: {}}", "event_log.rocksdb.path: is required"},
                    Bad{"event_log: {rocksdb: {path: p, max_age: 0s}}",
                        "event_log.rocksdb.max_age: is more than 0s"},
                    Bad{"event_log: {rocksdb: {path: p, sync: often}}",
                        "event_log.rocksdb.sync: \"often\" is none of: always, interval, never"},
                    Bad{"event_log: {rocksdb: {path: p, sync_interval: 1s}}",
                        "event_log.rocksdb.sync_interval: is of no use without sync: interval"}));
#endif

INSTANTIATE_TEST_SUITE_P(
    ServerOptions, RefusedOption,
    testing::Values(
        Bad{"log:\n  level: loud",
            "sluice.yaml:2: log.level: \"loud\" is not a level: debug, info, warning or error"},
        Bad{"log: {format: xml}", "log.format: \"xml\" is not a format: text or json"},
        Bad{"http: {listen: '8080'}", "http.listen: \"8080\" is not an IP address and a port"},
        Bad{"grpc: {listen: 'host:1'}", "grpc.listen: \"host:1\" is not an IP address"},
        Bad{"http: {ops_listen: x}", "http.ops_listen: \"x\" is not an IP address"},
        Bad{"http: {cors: {origins: '*', credentials: true}}",
            "http.cors.credentials: browsers send no credentials to \"*\""},
        Bad{"http: {cors: {origins: 'https://a/'}}", "http.cors.origins: \"https://a/\" is not"},
        Bad{"http: {cors: {origins: 'a.example'}}", "http.cors.origins: \"a.example\" is not"},
        Bad{"http: {cors: {origins: 'https://A'}}", "http.cors.origins: \"https://A\" is not"},
        Bad{"http: {cors: {origins: 'https://a:443'}}", "\"https://a:443\" is not an origin"},
        Bad{"http: {cors: {headers: 'a b'}}", "http.cors.headers: \"a b\" is not the name of a"},
        Bad{"http: {cors: {exposed_headers: ['']}}", "http.cors.exposed_headers: \"\" is not"},
        Bad{"http: {request_timeout: 0s}", "http.request_timeout: is more than 0s"},
        Bad{"drain_timeout: 0s", "drain_timeout: is more than 0s"},
        Bad{"authorizer: {grpc: {}}", "authorizer.grpc.address: is required"},
        Bad{"authorizer: {grpc: {address: host}}", "authorizer.grpc.address: is required"},
        Bad{"authorizer: {grpc: {address: 'a:1', headers: [X-A]}}",
            "authorizer.grpc.headers[0]: is not the name of a header in lower case"},
        Bad{"authorizer: {grpc: {address: 'a:1', calls_in_flight: 0}}",
            "authorizer.grpc.calls_in_flight: is 1 or more"},
        Bad{"event_log: {memory: {max_age: 0s}}", "event_log.memory.max_age: is more than 0s"},
        Bad{"hub: {shards: 0}", "hub.shards: is 1 or more"},
        Bad{"hub: {shards: 65}", "hub.shards: is at most 64"},
        Bad{"limits: {json_depth: 501}", "limits.json_depth: is at most 500"},
        Bad{"limits: {publish_bytes: 2GiB}", "limits.publish_bytes: is at most 1073741824"},
        Bad{"limits: {sessions: 0}", "limits.sessions: is 1 or more"},
        Bad{"schema: {descriptor_sets: [no-such-file.binpb]}", "schema.descriptor_sets: "},
        Bad{"schema:\n  types:\n    acme.v1.Thing: {proto_field_names: true}",
            "sluice.yaml:3: schema.types.acme.v1.Thing: acme.v1.Thing is unknown; name its file"},
        Bad{"schema: {types: {'a b': {}}}", "\"a b\" is not the full name of a message type"},
        Bad{"schema:\n  types:\n    sluice.v1.Event:\n      enums: true",
            "sluice.yaml:4: schema.types.sluice.v1.Event.enums: unknown key"},
        Bad{"schema: {unknown_types: drop}",
            "schema.unknown_types: \"drop\" is none of: refuse, base64"},
        Bad{"sources: [{name: a, backend: b}]", "sources[0].backend: \"b\" is unknown"},
        Bad{"routes: [{path: a}]", "routes[0].path: "}));

TEST(ServerOptions, LeaveWhatABackendCanTellOfLater) {
  EXPECT_THAT(Build("authorizer: {none: {}}\nbackends: {b: {address: '127.0.0.1:2'}}\n"
                    "schema: {types: {acme.v1.Thing: {}}}\n"
                    "routes: [{path: /a, messages: acme.v1.Thing,\n"
                    "          call: {backend: b, method: acme.v1.A/B}}]")
                  .findings.errors(),
              IsEmpty());
}

TEST(ServerOptions, CheckTrustedProxies) {
  const Built built = Build("http: {trusted_proxies: [10.0.0.0/8, 10.0.0.0/40, proxy.example]}");
  EXPECT_THAT(built.findings.errors(),
              ElementsAre(HasSubstr("http.trusted_proxies[1]: \"10.0.0.0/40\" is neither"),
                          HasSubstr("http.trusted_proxies[2]: \"proxy.example\" is neither")));
  EXPECT_THAT(Build("authorizer: {none: {}}\nhttp: {trusted_proxies: '::/0'}").findings.warnings(),
              ElementsAre(HasSubstr("http.trusted_proxies[0]: believes everybody")));
}

}  // namespace
}  // namespace sluice
