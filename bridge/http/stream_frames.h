// The blocks of a stream that are not events of a topic.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "bridge/event/sse_frame.h"
#include "bridge/route/route.h"

namespace sluice {

struct StreamOpening {
  std::string_view start_id;  // empty: none is known, or the route sends none
  std::string_view subject;
  std::vector<std::string> topics;
  absl::Time now;
};

// The first block: the connect event, or without it one that has the id and
// `retry:` alone. Without those too it is empty: nothing is sent.
SseFrame OpeningFrame(const Route& route, const StreamOpening& opening);

// What the bridge itself tells of a stream that cannot go on, or may be behind: `event: error`
// with {"code": …, "message": …}, unless the route has another form for it.
SseFrame ErrorFrame(const Route& route, std::string_view code, std::string_view message,
                    absl::Time now);

// `retry:` alone.
SseFrame RetryFrame(uint32_t retry_ms);

}  // namespace sluice
