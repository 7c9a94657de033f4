#include "bridge/event_log/resolve_start.h"

namespace sluice {

ReadStart ResolveStart(ReadStart start, Epoch epoch, Offset end, bool* found) {
  if (std::holds_alternative<Latest>(start)) return AfterOffset{end};
  const auto* wanted = std::get_if<AfterId>(&start);
  if (wanted == nullptr) return start;
  const EventId& id = wanted->id;
  *found = id.epoch == epoch && id.offset <= end;
  if (id.epoch != epoch) return Earliest{};
  return AfterOffset{*found ? id.offset : end};
}

}  // namespace sluice
