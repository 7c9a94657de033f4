#include "bridge/relay/stored_response.h"

#include <utility>

#include "bridge/relay/response_events.h"
#include "bridge/schema/json_transcoder.h"
#include "bridge/schema/schema_registry.h"

namespace sluice {

absl::StatusOr<StoredCall::Taken> TakeResponse(const RelayContext& context, std::string_view method,
                                               const std::string& topic, std::string_view response,
                                               bool look_up) {
  StoredCall::Taken taken;
  const auto events = ResponseEvents::Of(method, context.schema->current(), *context.transcoder,
                                         *context.ingest, *context.clock);
  if (!events.ok()) {
    taken.Skip(events.status());
    return taken;
  }
  ResponseEvents::Taken found = events->Take(response);
  for (const absl::Status& fault : found.faults) {
    if (look_up && UnknownTypeOf(fault)) return fault;
    taken.Skip(fault);
  }
  taken.events = std::move(found.events);
  for (Event& event : taken.events) event.topic = topic;
  return taken;
}

}  // namespace sluice
