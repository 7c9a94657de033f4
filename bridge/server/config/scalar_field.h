// Text into a field of the configuration: truth values, numbers, sizes,
// durations and strings, the same from a file and from the environment.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace google::protobuf {
class FieldDescriptor;
class Message;
}  // namespace google::protobuf

namespace sluice {

// Whether a field's value is written as one word: a scalar or a Duration.
bool IsScalar(const google::protobuf::FieldDescriptor& field);

// INVALID_ARGUMENT says what the field takes. `field` is singular.
absl::Status SetScalar(const std::string& text, const google::protobuf::FieldDescriptor& field,
                       google::protobuf::Message* message);

// `field` is a list of strings; what it held is gone.
absl::Status SetList(const std::vector<std::string>& texts,
                     const google::protobuf::FieldDescriptor& field,
                     google::protobuf::Message* message);

// "a, b" is a list of two; blanks around commas and empty parts do not count.
std::vector<std::string> SplitList(const std::string& text);

}  // namespace sluice
