// The configuration as it was written: flags over environment over file.
#pragma once

#include "bridge/server/config/findings.h"
#include "bridge/server/config/flags.h"
#include "bridge/server/config/substitution.h"
#include "sluice/config/v1/config.pb.h"

namespace sluice {

// What is wrong is in `findings`.
config::v1::Config LoadConfig(const Flags& flags, const Environment& environment,
                              Findings* findings);

}  // namespace sluice
