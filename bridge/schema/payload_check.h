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
class Descriptor;
class Message;
}  // namespace google::protobuf

namespace sluice {

// Thread-safe.
class PayloadCheck {
 public:
  PayloadCheck(const Schema& schema, const JsonOptions& options);

  // The message inside: of a known type, from bytes that are one.
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Open(
      const google::protobuf::Any& any) const;
  absl::StatusOr<std::unique_ptr<google::protobuf::Message>> Parse(
      const google::protobuf::Descriptor& type, std::string_view bytes) const;
  // `message` and all that it holds, other Anys too.
  absl::Status Check(const google::protobuf::Message& message) const;

 private:
  class Walk;

  const Schema& schema_;
  const JsonOptions& options_;
  mutable google::protobuf::DynamicMessageFactory factory_;
};

}  // namespace sluice
