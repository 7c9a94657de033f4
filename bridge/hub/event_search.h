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

// The id that ended a stream; nothing: it is no id that ended one.
std::optional<EventId> EndedAt(std::string_view last_event_id);

struct EventsAfter {
  bool any = false;
  // The log gave the id. (One that it did not says nothing about it: all events are looked at.)
  bool known = true;
};

// Whether any kept event of `topics` (all of one partition) after `after` passes the filter
// (null: every event does). Reads a stretch at a time and lets the
// shard's loop go on in between; `done` comes once, in that loop.
void AnyEventAfter(Shard& shard, std::vector<std::string> topics, EventId after,
                   EventFilterPtr filter, std::function<void(absl::StatusOr<EventsAfter>)> done);

}  // namespace sluice
