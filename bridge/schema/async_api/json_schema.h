// JSON Schema (draft-07) of what the transcoder prints: the same keys, the same
// shapes, by the same styles.
#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "bridge/schema/json_options.h"

namespace google::protobuf {
class Descriptor;
class EnumDescriptor;
class FieldDescriptor;
}  // namespace google::protobuf

namespace sluice {

class JsonSchemas {
 public:
  using Json = nlohmann::ordered_json;

  // `options` outlives it.
  explicit JsonSchemas(const JsonOptions& options);
  ~JsonSchemas();

  // A reference to the type's definition, which is added to definitions(); of a
  // well-known type its own form.
  Json Of(const google::protobuf::Descriptor& type);
  // Of a field's value.
  Json Of(const google::protobuf::FieldDescriptor& field);
  // The definition itself, for who wants to build another on it.
  Json Definition(const google::protobuf::Descriptor& type);
  // The key of a field by its message's style.
  std::string KeyOf(const google::protobuf::FieldDescriptor& field) const;

  // What was referred to as "#/components/schemas/NAME", by name.
  Json definitions();

 private:
  Json OfValue(const google::protobuf::FieldDescriptor& field);
  Json OfEnum(const google::protobuf::EnumDescriptor& type, bool as_number) const;

  const JsonOptions& options_;
  std::map<std::string, Json> definitions_;
  // Referred to, and not defined yet. (A queue and not a recursion: types can form long
  // chains.)
  std::vector<const google::protobuf::Descriptor*> waiting_;
};

// The comment above a definition in its .proto; empty: none, or the descriptor set
// has no source info.
std::string CommentOf(const google::protobuf::Descriptor& type);
std::string CommentOf(const google::protobuf::FieldDescriptor& field);

}  // namespace sluice
