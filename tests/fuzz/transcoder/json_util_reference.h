// What json_util prints, and where it is known to be wrong.
#pragma once

#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/util/type_resolver.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "bridge/schema/schema.h"

namespace sluice {

class JsonUtilReference {
 public:
  // Both outlive it. Makes messages of `schema` with `factory`.
  JsonUtilReference(const Schema& schema, google::protobuf::DynamicMessageFactory& factory);
  ~JsonUtilReference();

  // Of a ReferenceMessage. Nothing: it has what json_util is known to get wrong.
  // Null: json_util refuses it.
  std::optional<nlohmann::json> Print(const google::protobuf::Message& message) const;

 private:
  // Puts what Anys hold into the order json_util needs. False: it is known to get
  // something in it wrong.
  bool Prepare(google::protobuf::Message* message) const;
  bool PrepareInside(google::protobuf::Message* any) const;

  const Schema& schema_;
  google::protobuf::DynamicMessageFactory& factory_;
  std::unique_ptr<google::protobuf::util::TypeResolver> resolver_;
};

// The same but for the last digits of numbers: json_util prints more of a float than it
// has.
bool AlmostEqual(const nlohmann::json& a, const nlohmann::json& b);

}  // namespace sluice
