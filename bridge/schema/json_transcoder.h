// Payloads to the JSON or text that goes into a frame's `data:` field.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "bridge/schema/schema_registry.h"

namespace google::protobuf {
class Any;
class Value;
}  // namespace google::protobuf

namespace sluice {

struct JsonOptions {
  bool print_implicit_fields = true;
  bool proto_field_names = false;
  bool enums_as_numbers = false;
  uint32_t bytes_max = 256 * 1024;
  uint32_t depth_max = 64;
};

// Thread-safe. Errors are INVALID_ARGUMENT (what is wrong with the payload) or
// RESOURCE_EXHAUSTED (which bound it passed), without the event's index, which
// the caller adds.
class JsonTranscoder {
 public:
  JsonTranscoder(std::shared_ptr<const SchemaRegistry> registry, JsonOptions options);
  ~JsonTranscoder();

  // Proto3 JSON mapping of the message inside, on one line, without "@type".
  absl::StatusOr<std::string> FromAny(const google::protobuf::Any& any) const;
  absl::StatusOr<std::string> FromValue(const google::protobuf::Value& value) const;
  // Validated, compacted to one line; numbers keep their digits.
  absl::StatusOr<std::string> FromRawJson(std::string_view json) const;
  // Valid UTF-8 without NUL; CR and CRLF become LF.
  absl::StatusOr<std::string> FromText(std::string_view text) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// "acme.chat.v1.TokenAdded" or a type URL that ends in it: "token_added".
std::string EventTypeOfMessage(std::string_view type_name);

}  // namespace sluice
