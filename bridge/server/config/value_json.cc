#include "bridge/server/config/value_json.h"

#include <google/protobuf/struct.pb.h>

#include <charconv>
#include <cmath>
#include <cstdint>
#include <map>
#include <string_view>

#include "bridge/base/json_quote.h"

namespace sluice {
namespace {

namespace pb = google::protobuf;

constexpr double kWholeMax = 9007199254740992;  // 2^53

void PrintNumber(double number, std::string* out) {
  char digits[32];
  const bool whole = std::abs(number) <= kWholeMax && std::trunc(number) == number;
  const auto end = whole ? std::to_chars(digits, std::end(digits), static_cast<int64_t>(number))
                         : std::to_chars(digits, std::end(digits), number);
  out->append(digits, end.ptr);
}

void Print(const pb::Value& value, std::string* out);

void PrintStruct(const pb::Struct& object, std::string* out) {
  std::map<std::string_view, const pb::Value*> fields;
  for (const auto& [key, value] : object.fields()) fields[key] = &value;
  char separator = '{';
  for (const auto& [key, value] : fields) {
    *out += separator;
    separator = ',';
    *out += JsonQuote(key);
    *out += ':';
    Print(*value, out);
  }
  *out += fields.empty() ? "{}" : "}";
}

void PrintList(const pb::ListValue& list, std::string* out) {
  char separator = '[';
  for (const pb::Value& value : list.values()) {
    *out += separator;
    separator = ',';
    Print(value, out);
  }
  *out += list.values().empty() ? "[]" : "]";
}

void Print(const pb::Value& value, std::string* out) {
  switch (value.kind_case()) {
    case pb::Value::kNumberValue:
      return PrintNumber(value.number_value(), out);
    case pb::Value::kStringValue:
      *out += JsonQuote(value.string_value());
      return;
    case pb::Value::kBoolValue:
      *out += value.bool_value() ? "true" : "false";
      return;
    case pb::Value::kStructValue:
      return PrintStruct(value.struct_value(), out);
    case pb::Value::kListValue:
      return PrintList(value.list_value(), out);
    case pb::Value::kNullValue:
    case pb::Value::KIND_NOT_SET:
      break;
  }
  *out += "null";
}

}  // namespace

std::string ValueToJson(const pb::Value& value) {
  std::string json;
  Print(value, &json);
  return json;
}

}  // namespace sluice
