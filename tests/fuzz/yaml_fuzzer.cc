// Whatever a configuration file holds: it is read, and built or found at fault, in bounded time
// and memory. (No file that it names is opened.)
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "bridge/schema/schema_registry.h"
#include "bridge/server/config/server_options.h"
#include "bridge/server/config/yaml_reader.h"
#include "sluice/config/v1/config.pb.h"
#include "tests/fuzz/require.h"

namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

constexpr size_t kFaultsMax = 1000;

bool NamesAFile(const FieldDescriptor& field) {
  return field.name().ends_with("_file") || field.name() == "descriptor_sets";
}

void ForgetFiles(Message& message) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (NamesAFile(*field)) {
      reflection.ClearField(&message, field);
    } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      const int count = field->is_repeated() ? reflection.FieldSize(message, field) : 0;
      for (int i = 0; i < count; ++i) {
        ForgetFiles(*reflection.MutableRepeatedMessage(&message, field, i));
      }
      if (!field->is_repeated()) ForgetFiles(*reflection.MutableMessage(&message, field));
    }
  }
}

// Making a schema takes much longer than all the rest, and depends on nothing of the file's but
// how JSON is printed.
absl::StatusOr<std::shared_ptr<sluice::SchemaRegistry>> OneSchema(const std::vector<std::string>&,
                                                                  const sluice::JsonOptions&) {
  static const auto schema = sluice::SchemaRegistry::Load({}, sluice::JsonOptions());
  return schema;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* bytes, size_t size) {
  using namespace sluice;
  const std::string yaml(reinterpret_cast<const char*>(bytes), size);
  config::v1::Config config;
  Findings findings;
  ReadYaml(yaml, "sluice.yaml", {{"NAME", "value"}}, &config, &findings);
  ForgetFiles(config);
  const ServerOptions options = BuildServerOptions(config, {}, &findings, OneSchema);
  SLUICE_REQUIRE(findings.errors().size() < kFaultsMax);
  if (findings.ok()) SLUICE_REQUIRE(options.routes != nullptr && options.schema != nullptr);
  return 0;
}
