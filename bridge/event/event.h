// An event on its way through the bridge: its payload already JSON or text,
// everything in it validated.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "bridge/event/attributes.h"
#include "bridge/event/event_id.h"
#include "bridge/event/sse_frame.h"

namespace sluice {

struct Event {
  std::string topic;
  std::string publisher_id;  // empty: none
  std::string type;          // empty: no `event:` line
  // The `data:` field: one line of compact JSON, or text that may hold line breaks
  // (LF only). Nothing: the event has no data (a bare `retry`).
  std::optional<std::string> data;
  Attributes attributes;
  absl::Time time;
  std::optional<uint32_t> retry_ms;
  bool transient = false;
  bool end_of_stream = false;
  bool data_is_text = false;  // not JSON
};

// An event with its place in the log and its frame in the default view. Made
// once by the thread that publishes (or by the log that reads it back), then
// shared by everybody and never changed.
class StoredEvent {
 public:
  // `id.offset` of a transient event is the position it was published at; it
  // is not sent. `id.end` is set here for an event that ends a stream.
  StoredEvent(Event event, EventId id);
  StoredEvent(const StoredEvent&) = delete;
  StoredEvent& operator=(const StoredEvent&) = delete;

  const Event& event() const { return event_; }
  const EventId& id() const { return id_; }
  Offset offset() const { return id_.offset; }
  bool transient() const { return event_.transient; }
  // The payload. (It lives inside the frame where it can: event().data is empty.)
  std::optional<std::string_view> data() const { return data_; }
  // In the default view: event, id, retry, data.
  const SseFrame& default_frame() const { return default_frame_; }
  // What it costs to keep.
  size_t bytes() const { return bytes_; }

 private:
  Event event_;
  EventId id_;
  SseFrame default_frame_;
  std::optional<std::string_view> data_;
  size_t bytes_;
};

using StoredEventPtr = std::shared_ptr<const StoredEvent>;

}  // namespace sluice
