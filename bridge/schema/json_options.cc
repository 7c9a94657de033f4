#include "bridge/schema/json_options.h"

namespace sluice {

JsonStyle JsonOptions::StyleOf(std::string_view type_name) const {
  const auto it = types.find(type_name);
  if (it == types.end()) return style;
  const JsonStyleOverride& own = it->second;
  return {own.print_implicit_fields.value_or(style.print_implicit_fields),
          own.proto_field_names.value_or(style.proto_field_names),
          own.enums_as_numbers.value_or(style.enums_as_numbers)};
}

}  // namespace sluice
