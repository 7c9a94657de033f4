#include "bridge/event_log/rocksdb/unstored.h"

#include <algorithm>
#include <utility>

namespace sluice::rocksdb_log {

bool NeedsStore(const AppendRequest& request) {
  return std::any_of(request.events.begin(), request.events.end(), [](const Event& event) {
    return !event.transient || !event.publisher_id.empty();
  });
}

AppendAnswer DeliverOnly(AppendRequest request, EventId place,
                         std::vector<StoredEventPtr>* events) {
  std::vector<AppendResult> results;
  for (Event& event : request.events) {
    results.push_back({.id = place, .transient = true});
    events->push_back(std::make_shared<const StoredEvent>(std::move(event), place));
  }
  return results;
}

}  // namespace sluice::rocksdb_log
