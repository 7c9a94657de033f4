// What must hold of a message before json_util may print it. json_util crashes on
// deep nesting, prints corrupt and out-of-range values as something else, and
// knows no bound on what it makes of few bytes.
#pragma once

#include <google/protobuf/dynamic_message.h>

#include <cstdint>
#include <memory>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "bridge/schema/json_transcoder.h"

namespace google::protobuf {
class Any;
class Message;
}  // namespace google::protobuf

namespace sluice {

// The name in "type.googleapis.com/acme.v1.Thing".
std::string_view MessageNameOf(std::string_view type_url);

// Thread-safe.
class PayloadCheck {
 public:
  PayloadCheck(const SchemaRegistry& registry, const JsonOptions& options);

  // The message inside: of a known type, from bytes that are one.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Open(
      const google::protobuf::Any& any) const;
  // `message` and all that it holds, other Anys too.
  absl::Status Check(const google::protobuf::Message& message) const;

 private:
  class Walk;

  const SchemaRegistry& registry_;
  const JsonOptions& options_;
  mutable google::protobuf::DynamicMessageFactory factory_;
};

}  // namespace sluice
