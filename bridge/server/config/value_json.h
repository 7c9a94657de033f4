// JSON of the configuration as text. (json_util stops at a depth of 21 and prints
// keys in no order.)
#pragma once

#include <string>

namespace google::protobuf {
class Value;
}

namespace sluice {

// On one line, keys sorted; whole numbers up to 2^53 without exponent.
std::string ValueToJson(const google::protobuf::Value& value);

}  // namespace sluice
