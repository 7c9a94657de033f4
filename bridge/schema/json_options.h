// How messages are printed as JSON, and what bounds that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sluice {

// Of a message type. What a message holds is printed by the style of its own type.
struct JsonStyle {
  bool print_implicit_fields = true;  // those without presence, at their zero value
  bool proto_field_names = false;
  bool enums_as_numbers = false;
};

struct JsonStyleOverride {
  std::optional<bool> print_implicit_fields;
  std::optional<bool> proto_field_names;
  std::optional<bool> enums_as_numbers;
};

struct JsonOptions {
  JsonStyle style;
  std::map<std::string, JsonStyleOverride, std::less<>> types;  // by full name
  uint32_t bytes_max = 256 * 1024;
  uint32_t depth_max = 64;
  // An event of an unknown message type is {"@type": …, "value": "<base64>"}
  // instead of being refused.
  bool unknown_types_as_base64 = false;

  JsonStyle StyleOf(std::string_view type_name) const;
};

}  // namespace sluice
