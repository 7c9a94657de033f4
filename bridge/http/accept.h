// What a client takes, and what kind of client it seems to be.
#pragma once

#include <string_view>

#include "bridge/http/request_head.h"

namespace sluice {

// Whether an Accept field's value lets text/event-stream through (RFC 9110,
// section 12.5.1): the most specific range that covers it decides.
bool AcceptsEventStream(std::string_view accept);

// Browsers' EventSource sends Accept: text/event-stream and Cache-Control:
// no-cache.
bool LooksLikeEventSource(const RequestHead& head);

}  // namespace sluice
