// Looking through the log for a request, before it becomes a subscription.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event/event_filter.h"
#include "bridge/event_log/event_log.h"
#include "bridge/hub/shard.h"

namespace sluice {

// Where the stream ended whose last id this is; nothing: it is no id that ended one.
std::optional<Offset> EndedAt(std::string_view last_event_id, const EventLog& log);

// Whether any kept event of `topics` after `after` passes the filter (null:
// every event does). Reads a stretch at a time and lets the
// shard's loop go on in between; `done` comes once, in that loop.
void AnyEventAfter(Shard& shard, std::vector<std::string> topics, Offset after,
                   EventFilterPtr filter, std::function<void(absl::StatusOr<bool>)> done);

}  // namespace sluice
