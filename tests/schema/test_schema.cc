#include "tests/schema/test_schema.h"

#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace sluice {

namespace pb = google::protobuf;

std::string WriteDescriptorSet(const std::string& file_name, const std::string& text) {
  pb::FileDescriptorSet set;
  EXPECT_TRUE(pb::TextFormat::ParseFromString(text, &set)) << text;
  const std::string path = testing::TempDir() + std::to_string(getpid()) + "_" + file_name;
  std::ofstream(path, std::ios::binary) << set.SerializeAsString();
  return path;
}

std::shared_ptr<SchemaRegistry> ChatSchema(const JsonOptions& options) {
  auto schema = SchemaRegistry::Load({CHAT_DESCRIPTOR_SET}, options);
  EXPECT_TRUE(schema.ok()) << schema.status();
  return *schema;
}

google::protobuf::Any MakeAny(const SchemaRegistry& schema, std::string_view type,
                              std::string_view text) {
  const SchemaPtr current = schema.current();
  const MessageType* known = current->Find(type);
  EXPECT_NE(known, nullptr) << type;
  pb::DynamicMessageFactory factory(&current->pool());
  std::unique_ptr<pb::Message> message(factory.GetPrototype(known->descriptor)->New());
  EXPECT_TRUE(pb::TextFormat::ParseFromString(std::string(text), message.get())) << text;
  google::protobuf::Any any;
  any.set_type_url("type.googleapis.com/" + std::string(type));
  any.set_value(message->SerializePartialAsString());
  return any;
}

}  // namespace sluice
