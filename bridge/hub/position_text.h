// For statistics.
#pragma once

#include <string>

#include "bridge/event_log/event_log.h"

namespace sluice {

// The id of the newest position of every partition that is known, in their order, with blanks in
// between.
std::string PositionText(const EventLog& log);

}  // namespace sluice
