#include "bridge/server/config/json_style.h"

#include "bridge/server/config/setting_checks.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {

void SetJsonStyle(const config::v1::Schema& schema, JsonOptions* options, Findings* findings) {
  if (schema.has_print_implicit_fields()) {
    options->style.print_implicit_fields = schema.print_implicit_fields();
  }
  options->style.proto_field_names = schema.proto_field_names();
  options->style.enums_as_numbers = schema.enums_as_numbers();
  for (const auto& [name, config] : schema.types()) {
    JsonStyleOverride& style = options->types[name];
    if (config.has_print_implicit_fields()) {
      style.print_implicit_fields = config.print_implicit_fields();
    }
    if (config.has_proto_field_names()) style.proto_field_names = config.proto_field_names();
    if (config.has_enums_as_numbers()) style.enums_as_numbers = config.enums_as_numbers();
  }
  SetWord<bool>(schema.unknown_types(), "schema.unknown_types",
                {{"refuse", false}, {"base64", true}}, &options->unknown_types_as_base64, findings);
}

void CheckStyledTypes(const config::v1::Schema& schema, const KnownServices& services,
                      Findings* findings) {
  for (const auto& [name, style] : schema.types()) {
    services.CheckType(name, "schema.types." + name, findings);
  }
}

}  // namespace sluice
