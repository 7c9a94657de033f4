// Events for tests, in few words.
#pragma once

#include <chrono>
#include <future>
#include <memory>
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

inline constexpr auto kAnswerWithin = std::chrono::seconds(30);

// Waits for the log's answer.
inline absl::StatusOr<std::vector<AppendResult>> Append(EventLog& log, std::vector<Event> events,
                                                        std::string principal = "") {
  using Answer = absl::StatusOr<std::vector<AppendResult>>;
  const auto answer = std::make_shared<std::promise<Answer>>();
  std::future<Answer> coming = answer->get_future();
  log.Append({std::move(principal), std::move(events)},
             [answer](Answer result) { answer->set_value(std::move(result)); });
  if (coming.wait_for(kAnswerWithin) == std::future_status::ready) return coming.get();
  return absl::UnknownError("no answer came");
}

inline Offset AppendOne(EventLog& log, Event event) {
  return Append(log, {std::move(event)}).value().front().id.offset;
}

inline absl::StatusOr<ReadResult> Read(EventLog& log, ReadRequest request) {
  using Answer = absl::StatusOr<ReadResult>;
  const auto answer = std::make_shared<std::promise<Answer>>();
  std::future<Answer> coming = answer->get_future();
  log.Read(std::move(request), [answer](Answer result) { answer->set_value(std::move(result)); });
  if (coming.wait_for(kAnswerWithin) == std::future_status::ready) return coming.get();
  return absl::UnknownError("no answer came");
}

}  // namespace sluice
