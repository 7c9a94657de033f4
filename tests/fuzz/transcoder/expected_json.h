// The proto3 JSON mapping once more, written for the reader instead of for speed: by
// reflection, from parsed messages, into a JSON value.
#pragma once

#include <google/protobuf/dynamic_message.h>

#include <memory>
#include <nlohmann/json.hpp>

#include "absl/status/statusor.h"
#include "bridge/schema/schema.h"

namespace sluice {

class ExpectedJson {
 public:
  // Both outlive it. Makes messages of `schema` with `factory`.
  ExpectedJson(const Schema& schema, google::protobuf::DynamicMessageFactory& factory)
      : schema_(schema), factory_(factory) {}

  // Of a ReferenceMessage. INVALID_ARGUMENT: it has no JSON.
  absl::StatusOr<nlohmann::ordered_json> Of(const google::protobuf::Message& message) const;

 private:
  class Printer;

  const Schema& schema_;
  google::protobuf::DynamicMessageFactory& factory_;
};

// Brackets around the innermost value.
uint32_t DepthOf(const nlohmann::ordered_json& json);

}  // namespace sluice
