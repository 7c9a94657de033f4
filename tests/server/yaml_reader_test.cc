#include "bridge/server/config/yaml_reader.h"

#include <google/protobuf/util/message_differencer.h>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "tests/server/yaml_text.h"

namespace sluice {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Good {
  const char* what;
  const char* yaml;
  const char* text_proto;
};

class Accepts : public testing::TestWithParam<Good> {};

TEST_P(Accepts, AndReadsAllOfIt) {
  const Environment environment = {{"PORT", "8001"},
                                   {"ORIGINS", "https://a, https://b"},
                                   {"EMPTY", ""},
                                   {"ON", "true"},
                                   {"SIZE", "64KiB"}};
  const ReadConfig read = Read(GetParam().yaml, environment);
  EXPECT_THAT(read.findings.errors(), IsEmpty());
  config::v1::Config expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(GetParam().text_proto, &expected));
  EXPECT_EQ(read.config.ShortDebugString(), expected.ShortDebugString());
}

INSTANTIATE_TEST_SUITE_P(
    Yaml, Accepts,
    testing::Values(
        Good{"nothing", "", ""}, Good{"only a comment", "# later\n", ""},
        Good{"strings, quoted or not", "service_name: a\nhttp: {listen: \"0.0.0.0:1\"}",
             "service_name: 'a' http { listen: '0.0.0.0:1' }"},
        Good{"a number where a string belongs", "service_name: 12", "service_name: '12'"},
        Good{"truth values", "default_routes: false\nhttp: {demo_page: true}",
             "default_routes: false http { demo_page: true }"},
        Good{"numbers and sizes",
             "event_log: {memory: {events_per_topic: 7, total_bytes: 1GiB}}\n"
             "hub: {window_bytes: 4096}\nlimits: {payload_bytes: 64 KiB, header_bytes: '2MiB'}",
             "event_log { memory { events_per_topic: 7 total_bytes: 1073741824 } }"
             "hub { window_bytes: 4096 } limits { payload_bytes: 65536 header_bytes: 2097152 }"},
        Good{"durations",
             "drain_timeout: 250ms\nhttp: {request_timeout: 30s, idle_timeout: 5m, write_timeout: "
             "2h}",
             "drain_timeout { nanos: 250000000 } http { request_timeout { seconds: 30 }"
             "idle_timeout { seconds: 300 } write_timeout { seconds: 7200 } }"},
        Good{"a zero duration is a value", "defaults: {heartbeat: {interval: 0s}}",
             "defaults { heartbeat { interval {} } }"},
        Good{"lists", "http: {cors: {origins: [https://a, 'https://b']}}",
             "http { cors { origins: 'https://a' origins: 'https://b' } }"},
        Good{"lists as one string", "http: {cors: {origins: 'https://a, https://b,'}}",
             "http { cors { origins: 'https://a' origins: 'https://b' } }"},
        Good{"lists of maps", "routes:\n- path: /a\n- path: /b\n  topics: [t]",
             "routes { path: '/a' } routes { path: '/b' topics: 't' }"},
        Good{"maps", "routes: [{path: '/{x}', captures: {x: [a, b]}, filter: {k: '{x}'}}]",
             "routes { path: '/{x}' captures { key: 'x' value { values: 'a' values: 'b' } }"
             "filter { key: 'k' value: '{x}' } }"},
        Good{"a chosen kind without settings", "authorizer: {none: {}}", "authorizer { none {} }"},
        Good{"the same with nothing behind it", "authorizer:\n  none:\n", "authorizer { none {} }"},
        Good{"sections and lists with nothing in them", "http:\nroutes:\n", "http {}"},
        Good{"any JSON",
             "defaults: {connect: {data: {s: x, q: \"1\", n: 1.5, b: true, z: ~, l: [1, {}]}}}",
             "defaults { connect { data { struct_value {"
             "fields { key: 's' value { string_value: 'x' } }"
             "fields { key: 'q' value { string_value: '1' } }"
             "fields { key: 'n' value { number_value: 1.5 } }"
             "fields { key: 'b' value { bool_value: true } }"
             "fields { key: 'z' value { null_value: NULL_VALUE } }"
             "fields { key: 'l' value { list_value { values { number_value: 1 }"
             "values { struct_value {} } } } } } } } }"},
        Good{"variables", "http: {listen: '127.0.0.1:${PORT}', demo_page: '${ON}'}",
             "http { listen: '127.0.0.1:8001' demo_page: true }"},
        Good{"variables in sizes and lists",
             "http: {cors: {origins: '${ORIGINS}'}}\nlimits: {payload_bytes: '${SIZE}'}",
             "http { cors { origins: 'https://a' origins: 'https://b' } }"
             "limits { payload_bytes: 65536 }"},
        Good{"defaults of variables", "service_name: ${UNSET:-a b}${EMPTY:-!}",
             "service_name: 'a b!'"},
        Good{"variables that frames fill in", "defaults: {heartbeat: {data: {at: '${now}'}}}",
             "defaults { heartbeat { data { struct_value {"
             "fields { key: 'at' value { string_value: '${now}' } } } } } }"},
        Good{"aliases", "routes: [{path: /a, topics: &t [x]}, {path: /b, topics: *t}]",
             "routes { path: '/a' topics: 'x' } routes { path: '/b' topics: 'x' }"}));

struct Bad {
  const char* yaml;
  const char* error;
};

class Refuses : public testing::TestWithParam<Bad> {};

TEST_P(Refuses, WithLineAndPath) {
  EXPECT_THAT(Read(GetParam().yaml).findings.errors(), ElementsAre(HasSubstr(GetParam().error)));
}

INSTANTIATE_TEST_SUITE_P(
    Yaml, Refuses,
    testing::Values(
        Bad{"http:\n  listn: x", "sluice.yaml:2: http.listn: unknown key; did you mean `listen`?"},
        Bad{"http: {opsListen: x}", "http.opsListen: unknown key; did you mean `ops_listen`?"},
        Bad{"log: {colour_scheme: x}",
            "sluice.yaml:1: log.colour_scheme: unknown key; the keys here are level, format"},
        Bad{"routes:\n- path: /a\n  heartbeat:\n    intervall: 1s",
            "sluice.yaml:4: routes[0].heartbeat.intervall: unknown key; did you mean `interval`?"},
        Bad{"http:\n  listen: a\n  listen: b",
            "sluice.yaml:3: http.listen: duplicate key, also on line 2"},
        Bad{"defaults: {connect: {data: {a: 1, a: 2}}}",
            "defaults.connect.data.a: duplicate key, also on line 1"},
        Bad{"routes: [{path: /a, filter: {k: 1, k: 2}}]", "routes[0].filter.k: duplicate key"},
        Bad{"\nhttp: 8080", "sluice.yaml:2: http: takes a map, not a single value"},
        Bad{"http: [a]", "http: takes a map, not a list"},
        Bad{"- http", "sluice.yaml: takes a map, not a list"},
        Bad{"just words", "sluice.yaml: takes a map, not a single value"},
        Bad{"http: {listen: [a]}", "http.listen: takes a single value, not a list"},
        Bad{"http: {listen: {a: b}}", "http.listen: takes a single value, not a map"},
        Bad{"http:\n  listen:\n", "sluice.yaml:2: http.listen: takes a single value, not nothing"},
        Bad{"routes: {path: /a}", "routes: takes a list, not a map"},
        Bad{"routes: /a", "routes: takes a list, not a single value"},
        Bad{"routes:\n- path: /a\n- /b",
            "sluice.yaml:3: routes[1]: takes a map, not a single value"},
        Bad{"routes: [{topics: [a, [b]]}]",
            "routes[0].topics[1]: takes a single value, not a list"},
        Bad{"? [a]\n: b", "sluice.yaml: has a list as a key"},
        Bad{"http: {demo_page: yes}", "http.demo_page: \"yes\" is not true or false"},
        Bad{"hub:\n  shards: many",
            "sluice.yaml:2: hub.shards: \"many\" is not a number of 0 or more"},
        Bad{"hub: {shards: -1}", "hub.shards: \"-1\" is not a number"},
        Bad{"hub: {shards: 1.5}", "hub.shards: \"1.5\" is not a number"},
        Bad{"hub: {shards: 0x10}", "hub.shards: \"0x10\" is not a number"},
        Bad{"hub: {shards: 4294967296}",
            "hub.shards: 4294967296 is out of range: at most 4294967295"},
        Bad{"hub: {window_bytes: 99999999999999999999}",
            "hub.window_bytes: 99999999999999999999 is out of range"},
        Bad{"limits: {payload_bytes: 4GiB}", "limits.payload_bytes: 4GiB is out of range"},
        Bad{"limits: {payload_bytes: 64KB}", "limits.payload_bytes: \"64KB\" is not a size"},
        Bad{"limits: {payload_bytes: KiB}", "limits.payload_bytes: \"KiB\" is not a size"},
        Bad{"limits: {json_depth: 1KiB}", "limits.json_depth: \"1KiB\" is not a number"},
        Bad{"drain_timeout: 10", "drain_timeout: \"10\" is not a duration: write \"250ms\""},
        Bad{"drain_timeout: soon", "drain_timeout: \"soon\" is not a duration"},
        Bad{"drain_timeout: -1s", "drain_timeout: \"-1s\" is out of range"},
        Bad{"drain_timeout: inf", "drain_timeout: \"inf\" is out of range"},
        Bad{"drain_timeout: 99999999h", "drain_timeout: \"99999999h\" is out of range"},
        Bad{"drain_timeout: {seconds: 3}", "drain_timeout: takes a single value, not a map"},
        Bad{"authorizer:\n  none:\n  grpc: {address: a}",
            "sluice.yaml:3: authorizer.grpc: only one of `none` and `grpc` can be set"},
        Bad{"authorizer: {none: 1}", "authorizer.none: takes a map, not a single value"},
        Bad{"service_name: ${NOT_SET}",
            "sluice.yaml:1: service_name: the environment variable NOT_SET is not set"},
        Bad{"service_name: ${A", "service_name: \"${A\" has a \"${\" without its }"},
        Bad{"service_name: ${a-b}", "service_name: \"${a-b}\" names no environment variable"},
        Bad{"defaults: {heartbeat: {data: '${nwo}'}}",
            "defaults.heartbeat.data: the environment variable nwo is not set"},
        Bad{"service_name: ${now}", "service_name: the environment variable now is not set"},
        Bad{"a: b: c", "sluice.yaml:1: is not YAML"}, Bad{"http:\n  listen: 'a", "is not YAML"},
        Bad{"http: *nobody", "is not YAML"},
        Bad{"service_name: a\n---\nservice_name: b", "holds more than one document"}));

TEST(YamlReader, FindsEveryFaultInOneGo) {
  EXPECT_THAT(Read("http: {listn: a}\nhub: {shards: x}\nlog: []").findings.errors(),
              ElementsAre(HasSubstr("http.listn"), HasSubstr("hub.shards"), HasSubstr("log")));
}

TEST(YamlReader, ReadsEveryFieldOfTheConfiguration) {
  // Whoever adds a field of a kind that the reader does not know hears of it here.
  std::vector<const google::protobuf::Descriptor*> todo = {config::v1::Config::descriptor()};
  while (!todo.empty()) {
    const auto* descriptor = todo.back();
    todo.pop_back();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const auto* field = descriptor->field(i);
      using Kind = google::protobuf::FieldDescriptor;
      switch (field->cpp_type()) {
        case Kind::CPPTYPE_STRING:
        case Kind::CPPTYPE_BOOL:
        case Kind::CPPTYPE_UINT32:
        case Kind::CPPTYPE_UINT64:
          EXPECT_TRUE(!field->is_repeated() || field->cpp_type() == Kind::CPPTYPE_STRING)
              << field->full_name();
          break;
        case Kind::CPPTYPE_MESSAGE:
          if (field->message_type()->file()->package() == "sluice.config.v1") {
            todo.push_back(field->message_type());
          }
          break;
        default:
          ADD_FAILURE() << field->full_name();
      }
    }
  }
}

}  // namespace
}  // namespace sluice
