// Message types that exist only in a descriptor set, as a user's do.
#pragma once

#include <google/protobuf/any.pb.h>

#include <memory>
#include <string>
#include <string_view>

#include "bridge/schema/schema_registry.h"

namespace sluice {

// A FileDescriptorSet file in the test's own folder, from protobuf's text format;
// returns its path.
std::string WriteDescriptorSet(const std::string& file_name, const std::string& text);

// The types of chat.proto and old.proto.
std::shared_ptr<SchemaRegistry> ChatSchema(const JsonOptions& options = {});

// An Any of `type` from protobuf's text format.
google::protobuf::Any MakeAny(const SchemaRegistry& schema, std::string_view type,
                              std::string_view text);

}  // namespace sluice
