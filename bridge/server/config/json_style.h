// How messages are printed, from the configuration.
#pragma once

#include "bridge/schema/json_options.h"
#include "bridge/server/config/findings.h"
#include "bridge/server/config/known_services.h"

namespace sluice::config::v1 {
class Schema;
}

namespace sluice {

// Style and what becomes of unknown types; bounds are not set here.
void SetJsonStyle(const config::v1::Schema& schema, JsonOptions* options, Findings* findings);
// The types that have a style of their own.
void CheckStyledTypes(const config::v1::Schema& schema, const KnownServices& services,
                      Findings* findings);

}  // namespace sluice
