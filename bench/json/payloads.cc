#include "bench/json/payloads.h"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>

#include <cstdio>
#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"

namespace sluice::bench {
namespace {

namespace pb = google::protobuf;

// As a service would have it, in protobuf's own text.
constexpr char kFile[] = R"(
  name: "bench.proto" package: "bench" syntax: "proto3"
  dependency: "google/protobuf/timestamp.proto" dependency: "google/protobuf/struct.proto"
  enum_type { name: "Role" value { name: "ROLE_UNSPECIFIED" number: 0 }
              value { name: "ROLE_ASSISTANT" number: 1 } }
  message_type {
    name: "Token"
    field { name: "conversation_id" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "message_id" number: 2 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "sequence" number: 3 type: TYPE_INT64 label: LABEL_OPTIONAL }
    field { name: "role" number: 4 type: TYPE_ENUM type_name: ".bench.Role" label: LABEL_OPTIONAL }
    field { name: "text" number: 5 type: TYPE_STRING label: LABEL_OPTIONAL }
    field { name: "created_at" number: 6 type: TYPE_MESSAGE label: LABEL_OPTIONAL
            type_name: ".google.protobuf.Timestamp" }
  }
  message_type {
    name: "Answer"
    field { name: "token" number: 1 type: TYPE_MESSAGE type_name: ".bench.Token" label: LABEL_OPTIONAL }
    field { name: "score" number: 2 type: TYPE_DOUBLE label: LABEL_OPTIONAL }
    field { name: "final" number: 3 type: TYPE_BOOL label: LABEL_OPTIONAL }
    field { name: "tags" number: 4 type: TYPE_STRING label: LABEL_REPEATED }
    field { name: "parts" number: 5 type: TYPE_MESSAGE type_name: ".bench.Answer" label: LABEL_REPEATED }
  }
  message_type {
    name: "Counts"
    field { name: "of" number: 1 type: TYPE_MESSAGE type_name: ".bench.Counts.OfEntry" label: LABEL_REPEATED }
    nested_type {
      name: "OfEntry" options { map_entry: true }
      field { name: "key" number: 1 type: TYPE_STRING label: LABEL_OPTIONAL }
      field { name: "value" number: 2 type: TYPE_INT32 label: LABEL_OPTIONAL }
    }
  }
  message_type {
    name: "Series"
    field { name: "values" number: 1 type: TYPE_INT32 label: LABEL_REPEATED }
  })";

std::string Bytes(const Schema& schema, const std::string& type, const std::string& text) {
  pb::DynamicMessageFactory factory(&schema.pool());
  const std::unique_ptr<pb::Message> message(
      factory.GetPrototype(schema.Find(type)->descriptor)->New());
  if (!pb::TextFormat::ParseFromString(text, message.get())) Fail(text);
  return message->SerializeAsString();
}

std::string Token(int i) {
  return absl::StrCat("conversation_id: 'c-8c1f0f52' message_id: 'm-42' sequence: ", 100 + i,
                      " role: ROLE_ASSISTANT text: ' the quick brown fox jumps over it' "
                      "created_at { seconds: 1700000000 nanos: 123000000 }");
}

}  // namespace

void Fail(const std::string& why) {
  std::fprintf(stderr, "%s\n", why.c_str());
  std::exit(2);
}

SchemaPtr PayloadSchema() {
  auto files = std::make_shared<pb::FileDescriptorSet>();
  if (!pb::TextFormat::ParseFromString(kFile, files->add_file())) Fail("no schema");
  auto schema = Schema::Build({{"bench", files}}, {});
  if (!schema.ok()) Fail(schema.status().ToString());
  return *schema;
}

std::vector<Payload> Payloads(const Schema& schema) {
  std::vector<Payload> payloads;
  const auto add = [&](const char* name, const std::string& type, const std::string& text) {
    payloads.push_back({name, type, Bytes(schema, type, text)});
  };
  add("a chat token", "bench.Token", Token(0));
  std::string parts;
  for (int i = 0; i < 17; ++i) {
    absl::StrAppend(&parts, "parts { token { ", Token(i), " } score: 0.", 125 + i,
                    " final: true tags: 'a' tags: 'second' } ");
  }
  add("a nested message", "bench.Answer", parts);
  std::string fields;
  for (int i = 0; i < 12; ++i) {
    absl::StrAppend(&fields, "fields { key: 'field_", i, "' value { struct_value {",
                    "fields { key: 'name' value { string_value: 'a name of somebody' } } "
                    "fields { key: 'count' value { number_value: ",
                    i,
                    " } } "
                    "fields { key: 'ratio' value { number_value: 0.25 } } "
                    "fields { key: 'tags' value { list_value { values { string_value: 'x' } "
                    "values { bool_value: true } values { null_value: 0 } } } } } } } ");
  }
  add("a Struct", "google.protobuf.Struct", fields);
  std::string entries;
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&entries, "of { key: 'counter-", i * 7919 % 100, "' value: ", i, " } ");
  }
  add("a map of 100", "bench.Counts", entries);
  std::string values;
  for (int i = 0; i < 1000; ++i) absl::StrAppend(&values, "values: ", i * 7919, " ");
  add("1,000 integers", "bench.Series", values);
  add("only defaults", "bench.Answer", "");
  return payloads;
}

}  // namespace sluice::bench
