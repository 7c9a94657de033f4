// Payloads to the JSON or text that goes into a frame's `data:` field.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/schema/json_options.h"
#include "bridge/schema/schema.h"
#include "bridge/schema/unknown_type.h"  // IWYU pragma: export

namespace google::protobuf {
class Any;
class Value;
}  // namespace google::protobuf

namespace sluice {

class SchemaRegistry;

// A message as an event.
struct TypedJson {
  std::string type;  // the SSE event type that its schema gives it
  std::string json;
  bool end_of_stream = false;
};

// Thread-safe. Errors are INVALID_ARGUMENT (what is wrong with the payload) or
// RESOURCE_EXHAUSTED (which bound it passed), without the event's index, which
// the caller adds.
class JsonTranscoder {
 public:
  // Prints and bounds by the options of the registry.
  explicit JsonTranscoder(std::shared_ptr<const SchemaRegistry> registry);
  ~JsonTranscoder();

  // The proto3 JSON mapping of the message inside, on one line, without "@type". An
  // unknown type is refused (unknown_type.h) or, if the options say so, an event of
  // type "message": {"@type": …, "value": "<base64>"}.
  absl::StatusOr<TypedJson> FromAny(const google::protobuf::Any& any) const;
  // Wire bytes of a `type` of `schema`. If one of its oneofs is the event, its member
  // is the type and the member's value is the JSON.
  absl::StatusOr<TypedJson> FromMessage(const Schema& schema, const MessageType& type,
                                        std::string_view bytes) const;
  absl::StatusOr<std::string> FromValue(const google::protobuf::Value& value) const;
  // Validated, compacted to one line; numbers keep their digits.
  absl::StatusOr<std::string> FromRawJson(std::string_view json) const;
  // Valid UTF-8 without NUL; CR and CRLF become LF.
  absl::StatusOr<std::string> FromText(std::string_view text) const;

 private:
  const std::shared_ptr<const SchemaRegistry> registry_;
};

}  // namespace sluice
