// Events for tests, in few words.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "bridge/event_log/event_log.h"

namespace sluice {

inline Event MakeEvent(std::string topic, std::string data, std::string type = "note") {
  Event event;
  event.topic = std::move(topic);
  event.type = std::move(type);
  event.data = std::move(data);
  return event;
}

inline Event Transient(Event event) {
  event.transient = true;
  return event;
}

inline Event Ending(Event event) {
  event.end_of_stream = true;
  return event;
}

inline Event With(Event event, std::string key, std::string value) {
  event.attributes.emplace_back(std::move(key), std::move(value));
  return event;
}

// For logs that answer at once.
inline absl::StatusOr<std::vector<AppendResult>> Append(EventLog& log, std::vector<Event> events,
                                                        std::string principal = "") {
  absl::StatusOr<std::vector<AppendResult>> answer = absl::UnknownError("no answer came");
  log.Append({std::move(principal), std::move(events)},
             [&](absl::StatusOr<std::vector<AppendResult>> result) { answer = std::move(result); });
  return answer;
}

inline Offset AppendOne(EventLog& log, Event event) {
  return Append(log, {std::move(event)}).value().front().id.offset;
}

inline absl::StatusOr<ReadResult> Read(EventLog& log, ReadRequest request) {
  absl::StatusOr<ReadResult> answer = absl::UnknownError("no answer came");
  log.Read(std::move(request),
           [&](absl::StatusOr<ReadResult> result) { answer = std::move(result); });
  return answer;
}

}  // namespace sluice
