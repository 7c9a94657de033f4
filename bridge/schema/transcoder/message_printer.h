// A message's wire bytes as JSON text: the proto3 JSON mapping
// (https://protobuf.dev/programming-guides/json/), on one line, fields by number.
//
// What parsers of the message would refuse is refused, and what has no JSON form: a
// string that is not UTF-8, a Timestamp past year 9999, a Value without a kind, an
// Any of a type that is not known.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace sluice {

struct MessagePlan;

// `bytes`: of a message of the plan's type. Errors are INVALID_ARGUMENT, saying what
// is wrong, or RESOURCE_EXHAUSTED, naming the bound of the plan's options.
// Thread-safe.
absl::StatusOr<std::string> PrintMessage(const MessagePlan& plan, std::string_view bytes);

struct MemberJson {
  int field_number = 0;  // 0: none of the oneof's fields is set
  std::string json;      // its value
};
// Of the message, only what stands in this oneof.
absl::StatusOr<MemberJson> PrintOneof(const MessagePlan& plan, std::string_view oneof,
                                      std::string_view bytes);

}  // namespace sluice
